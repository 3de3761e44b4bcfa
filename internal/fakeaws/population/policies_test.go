package population_test

import (
	"strings"
	"testing"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
	"github.com/keytend/keytend/internal/iampolicy"
)

// TestPoliciesAreIAMs: every document that a population holds is one that IAM
// would take.
func TestPoliciesAreIAMs(t *testing.T) {
	documents := map[string]string{}
	for _, spec := range []fakeaws.AccountSpec{population.Account(7, 0, 500, now), population.Account(7, 6, 10, now), population.Account(7, 3, 10, now), population.Demo(now)} {
		for _, p := range spec.Policies {
			documents[p.Name] = p.Document
		}
		for _, p := range spec.ServiceControlPolicies {
			documents["service control policy "+p] = p
		}
		for _, g := range spec.Groups {
			for name, document := range g.InlinePolicies {
				documents[g.Name+" "+name] = document
			}
		}
		for _, u := range spec.Users {
			for name, document := range u.InlinePolicies {
				documents[u.Name+" "+name] = document
			}
		}
		for _, r := range spec.Roles {
			documents["trust "+r.Name] = r.TrustPolicy
		}
	}
	if len(documents) < 12 {
		t.Fatalf("only %d documents", len(documents))
	}
	for name, document := range documents {
		if _, err := iampolicy.Parse(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMembersTrustTheManagementAccount: by the role that Organizations makes.
func TestMembersTrustTheManagementAccount(t *testing.T) {
	member := population.Account(7, 4, 5, now)
	if len(member.Roles) != 1 || member.Roles[0].Name != "OrganizationAccountAccessRole" {
		t.Fatalf("roles %+v", member.Roles)
	}
	if trust := member.Roles[0].TrustPolicy; !strings.Contains(trust, `"arn:aws:iam::123456789012:root"`) {
		t.Errorf("trust %s", trust)
	}
	if roles := population.Account(7, 0, 5, now).Roles; len(roles) != 0 {
		t.Errorf("the management account trusts itself: %+v", roles)
	}
}
