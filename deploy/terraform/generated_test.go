package module

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/permission"
)

var update = flag.Bool("update", false, "write what is generated anew")

// same holds a file to what is generated for it.
func same(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(filepath.FromSlash(path), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not what is generated for it (-generated +file; `go test ./deploy/... -update` writes it):\n%s", path, diff)
	}
}

func TestPermissionsAreThoseThatKeytendPrints(t *testing.T) {
	same(t, "permissions.tf", FunctionPermissions())
	same(t, "modules/member-role/permissions.tf", MemberPermissions())
}

// The actions, read back from the files that are applied, are those of the
// features: neither more nor less, beside the log that Lambda itself writes.
func TestRolesHaveTheActionsOfTheirFeatures(t *testing.T) {
	root, member := read(t, "."), read(t, "modules/member-role")
	for name, c := range map[string]struct {
		got  []string
		want []permission.Feature
	}{
		"the function":   {root.actions(t, "rotation"), FunctionFeatures()},
		"its scan":       {root.actions(t, "scan"), []permission.Feature{permission.Scan}},
		"the member":     {slices.Concat(member.actions(t, "read"), member.actions(t, "create"), member.actions(t, "deliver"), member.actions(t, "deactivate"), member.actions(t, "delete")), MemberFeatures()},
		"a member alone": {member.actions(t, "read"), nil},
	} {
		var want []string
		for _, n := range permission.Needs(c.want...) {
			want = append(want, n.Action)
		}
		if c.want == nil {
			for _, n := range permission.OfKind(permission.Needs(MemberFeatures()...), permission.Read) {
				want = append(want, n.Action)
			}
		}
		if diff := cmp.Diff(unique(want), unique(c.got)); diff != "" {
			t.Errorf("%s (-features +module):\n%s", name, diff)
		}
	}
	if got, want := root.actions(t, "log"), []string{"logs:CreateLogStream", "logs:PutLogEvents"}; !slices.Equal(unique(got), want) {
		t.Errorf("the log: %v, want %v", got, want)
	}
}

func unique(words []string) []string {
	words = slices.Clone(words)
	slices.Sort(words)
	return slices.Compact(words)
}
