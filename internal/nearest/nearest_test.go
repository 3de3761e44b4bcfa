package nearest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"kitten", "sitting", 3}, {"alice", "alcie", 2}, {"ci-deploy", "ci-deployer", 2},
	} {
		if got := editDistance(test.a, test.b); got != test.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"alice", "alicia", "bob", "ci-deploy", "ci-deploy-old", "ci-deploy-eu", "ci-deploy-us"}
	for word, want := range map[string][]string{
		"Alise":  {"alice"},
		"deploy": {"ci-deploy", "ci-deploy-eu", "ci-deploy-us"},
		"zzz":    nil,
	} {
		if diff := cmp.Diff(want, Names(word, names)); diff != "" {
			t.Errorf("%s: %s", word, diff)
		}
	}
}
