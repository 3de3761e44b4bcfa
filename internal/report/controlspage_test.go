package report

import (
	"fmt"
	"slices"
	"testing"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// What several frameworks ask of one key stands on the page once; of two keys that
// tell the same each stands there.
func TestEvidenceOfSeveralControlsStandsOnce(t *testing.T) {
	cis, hub := policy.Control{Framework: "CIS AWS 5.0", ID: "1.13"}, policy.Control{Framework: "Security Hub", ID: "IAM.3"}
	verdict := func(c policy.Control, user, why string) policy.ControlVerdict {
		return policy.ControlVerdict{Control: c, User: user, State: policy.Broken, Why: why}
	}
	p := newControlsPage(nil)
	p.add(accountSheet{account: accesskey.Account{ID: "123456789012"}, verdicts: []policy.ControlVerdict{
		verdict(cis, "ana", "old"), verdict(cis, "ana", "old"), verdict(hub, "ana", "old"), verdict(hub, "ana", "older"), verdict(hub, "bo", "old"),
	}})
	p.add(accountSheet{account: accesskey.Account{ID: "210987654321"}, verdicts: []policy.ControlVerdict{verdict(cis, "ana", "old")}})
	var got []string
	for _, e := range p.evidence {
		got = append(got, fmt.Sprint(e.account, " ", e.User, " ", e.Why, " ", len(e.controls)))
	}
	want := []string{"123456789012 ana old 1", "123456789012 ana old 2", "123456789012 ana older 1", "123456789012 bo old 1", "210987654321 ana old 1"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	var many []policy.ControlVerdict
	for i := range htmlFindings {
		many = append(many, verdict(cis, fmt.Sprint("user-", i), "old"), verdict(hub, fmt.Sprint("user-", i), "old"))
	}
	p.add(accountSheet{verdicts: many})
	if len(p.evidence) != htmlFindings || p.more != len(want) {
		t.Errorf("%d stand there, %d more", len(p.evidence), p.more)
	}
}
