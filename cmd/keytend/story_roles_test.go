package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keytend/keytend/internal/permission"
)

// apart is the roles that a story's accounts have, one for each kind of act.
var apart = permission.Scope{Roles: map[permission.Kind]string{
	permission.Read: "keytend-read", permission.Deliver: "keytend-deliver", permission.Create: "keytend-create",
	permission.Deactivate: "keytend-deactivate", permission.Delete: "keytend-delete",
}}

// withKindPolicies puts in place of KINDPOLICY-read and the like what `keytend
// permissions --roles` prints for that kind.
func withKindPolicies(ts *testscript.TestScript, text []byte) []byte {
	features := permission.Needs(permission.Scan, permission.Rotate, permission.Retire, permission.SecretsManager)
	for kind, policy := range permission.ByKind(features, apart) {
		spelt, err := json.Marshal(policy.JSON())
		ts.Check(err)
		text = bytes.ReplaceAll(text, []byte(`"KINDPOLICY-`+string(kind)+`"`), spelt)
	}
	return text
}

// did wants CloudTrail to show a call of an account by exactly these roles, and by
// nobody without one: did 210987654321 CreateAccessKey keytend-create.
func (s *story) did(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: did ACCOUNT ACTION [ROLE...]")
	}
	var roles []string
	for _, e := range s.aws.Events(args[0]) {
		if e.Name != args[1] || e.ErrorCode != "" {
			continue
		}
		role := e.Identity.IssuerARN[strings.LastIndexByte(e.Identity.IssuerARN, '/')+1:]
		if !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	if want := slices.Sorted(slices.Values(args[2:])); !slices.Equal(roles, want) {
		ts.Fatalf("%s in %s was done by %v, want %v", args[1], args[0], roles, want)
	}
}

// allow gives a role of the first account the policy on stdout: allow keytend.
func (s *story) allow(ts *testscript.TestScript, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: allow ROLE")
	}
	ts.Check(s.asAdmin("Action", "PutRolePolicy", "RoleName", args[0], "PolicyName", "printed", "PolicyDocument", ts.ReadFile("stdout")))
}
