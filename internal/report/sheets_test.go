package report

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

func fixtureScorecard() policy.Scorecard {
	return policy.Scorecard{Accounts: 1, Now: now, Practices: []policy.Practice{
		{
			Name: "rotation", Title: "Rotate keys within 90 days", Good: 2, Of: 3, Unknown: 1, Percent: 66.7, Target: "100 %",
			Status: policy.StatusFail, Sentence: "Active keys at most 90 days old: 2 of 3", Measured: "Age since creation.",
			Offenders: []policy.Offender{{Account: "123456789012", User: "ci-deploy", KeyID: "AKIAIOSFODNN7EXAMPLE", Reason: "created 412 days ago"}},
		},
		{
			Name: "monitoring", Title: "Watch keys", Target: "3 rules in every account", Status: policy.StatusUnknown, Unknown: 1,
			Sentence: "AWS Config could not be asked", Measured: "AWS Config's managed rules.",
			Offenders: []policy.Offender{{Account: "123456789012", Reason: "no recorder is on"}},
		},
		{
			Name: "no-root-keys", Title: "No root access keys", Good: 1, Of: 1, Percent: 100, Target: "none", Status: policy.StatusOK,
			Sentence: "accounts without an Active root key: 1 of 1", Measured: "The credential report.",
		},
	}}
}

func fixtureExplanation() policy.Explanation {
	finding := fixtureFindings()[1]
	return policy.Explanation{
		Account: fixture().Accounts[0].Account, User: "ci-deploy", UserARN: "arn:aws:iam::123456789012:user/ci-deploy",
		ObservedAt: now, Now: now, Owner: "platform@example.com", OwnerWhy: `from the user's tag "owner"`, Privileged: true,
		Privilege: "AdministratorAccess is attached.",
		Facts: []policy.Evidence{
			{Fact: "user created", Value: stamp(days(800)), Source: "iam:GetAccountAuthorizationDetails", ObservedAt: now},
			{Fact: "groups", Value: "unknown: denied"},
		},
		Judgements: []policy.Judgement{{Rule: policy.PasswordUnused, State: policy.Unknown, Why: "the credential report was denied"}},
		Keys: []policy.ExplainedKey{
			{
				ID: "AKIAIOSFODNN7EXAMPLE", Name: "AKIAIOSFODNN7EXAMPLE",
				Facts:      []policy.Evidence{{Fact: "last used", Value: stamp(days(3)) + ", s3, us-east-1", Source: "iam:GetAccessKeyLastUsed", ObservedAt: now}},
				Judgements: []policy.Judgement{{Rule: policy.KeyTooOld, State: policy.Broken, Why: finding.Reason, Finding: &finding}, {Rule: policy.KeyUnused, State: policy.Kept, Why: "used 3 days ago"}},
			},
			{Name: "key created " + stamp(days(700))},
		},
	}
}

func TestSheetsGolden(t *testing.T) {
	failed := fixture().Accounts[0].Failures[2:]
	for format, ending := range map[Format]string{Table: "table", JSON: "json", HTML: "html", Markdown: "md"} {
		var card, explanation bytes.Buffer
		if err := WriteScorecard(&card, format, fixtureScorecard(), failed, Options{Width: 90}); err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", "scorecard."+ending), card.String())
		if err := WriteExplanation(&explanation, format, fixtureExplanation(), failed, Options{Width: 90}); err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", "explanation."+ending), explanation.String())
	}
}

func TestSheetsKeepTheirSchema(t *testing.T) {
	for _, failed := range [][]accesskey.Failure{nil, fixture().Accounts[0].Failures} {
		var card, explanation bytes.Buffer
		if err := WriteScorecard(&card, JSON, fixtureScorecard(), failed, Options{}); err != nil {
			t.Fatal(err)
		}
		keepsSchema(t, "scorecard-v1.json", ScorecardDocument{}, card.String())
		if err := WriteExplanation(&explanation, JSON, fixtureExplanation(), failed, Options{}); err != nil {
			t.Fatal(err)
		}
		keepsSchema(t, "explain-v1.json", ExplanationDocument{}, explanation.String())
	}
}

// TestShareOfAlmostAll: 100 % is said of all of them alone, and 0 % of none.
func TestShareOfAlmostAll(t *testing.T) {
	for good, want := range map[int]string{
		2000: "2,000 of 2,000 (100 %)", 1999: "1,999 of 2,000 (99 %)", 1: "1 of 2,000 (1 %)", 0: "0 of 2,000 (0 %)",
	} {
		p := policy.Practice{Good: good, Of: 2000, Percent: float64(good) / 20, Status: policy.StatusWarn}
		if got := score(p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
