package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad: no text makes it panic; whatever it accepts can be shown, and rules;
// whatever it refuses it refuses with a place.
func FuzzLoad(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("testdata", "full.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	for _, seed := range []string{
		"", "{}", "- a", "mode: &a observe\nrules: *a", "a: !!x b", "? a\n: b", "\ufeffmode: observe", "mode: observe\r\n", "---\n---\n",
		"overrides:\n- when: |\n    user.name == 1\n", "rules: {max_age: 1y2w3d}", "windows: [{from: '22:00', until: '04:00', days: [fri]}]", "admins: [{when: 'true'}, ana]",
		"overrides: [{when: 'true', rules: {max_age: 60d}}, {when: 'user.admin', times: {keep: true}}]", "<<: {}", "owners: {paths: {/a/: b}}", "a: [", "a:\n\tb: c",
	} {
		f.Add(seed)
	}
	user, key := holder("ana", "/ci/", map[string]string{"team": "billing"})
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Load("keytend.yaml", files{"keytend.yaml": text, "owners.csv": "account,user,owner\n"}.read)
		var problems Problems
		if err != nil {
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("%v", err)
			}
			for _, problem := range problems {
				if problem.Message == "" || problem.File == "" || problem.Line > 0 && problem.Column < 1 {
					t.Fatalf("%+v", problem)
				}
			}
			return
		}
		_ = p.Written()
		_ = p.Past(noon)
		_, _ = p.Explain(example, user, key, noon) // an error is an answer: the overrides don't go together
	})
}
