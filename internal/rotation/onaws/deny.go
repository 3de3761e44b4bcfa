package onaws

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/rotation"
)

// DenyPolicy is the inline policy by which a user's old sessions are denied. It
// can be removed 36 hours after the time in
// it, when no session from before lives any more:
//
//	aws iam delete-user-policy --user-name USER --policy-name KeytendDenyOldSessions
const DenyPolicy = "KeytendDenyOldSessions"

const issueTime = "aws:TokenIssueTime"

// DenySessions implements rotation.Mutations: an inline policy that denies
// everything to sessions issued before the given time, the second it is in
// included. Calls signed with a key itself have no issue time and go on. A
// policy of that name is kept with whatever else is in it, and its time only
// ever moves forward.
func (a *Account) DenySessions(ctx context.Context, subject accesskey.Subject, before time.Time, p rotation.Permit) error {
	s, how, err := a.permitted(ctx, awsapi.Deactivate, subject, p)
	if err != nil {
		return undone(err)
	}
	have, err := a.session.UserPolicy(ctx, subject.User, DenyPolicy)
	if err != nil && awsapi.ClassOf(err) != awsapi.NotFound {
		return undone(err)
	}
	document, change, err := denying(have, before)
	if err != nil {
		return undone(fmt.Errorf("inline policy %s of %s: %w", DenyPolicy, subject.User, err))
	}
	if !change {
		return nil
	}
	return outcome(s.PutUserPolicy(ctx, subject.User, DenyPolicy, document, how), nil)
}

type document struct {
	Version   string            `json:"Version"`
	ID        string            `json:"Id,omitempty"`
	Statement []json.RawMessage `json:"Statement"`
}

type denial struct {
	Sid       string                       `json:"Sid,omitempty"`
	Effect    string                       `json:"Effect"`
	Action    string                       `json:"Action"`
	Resource  string                       `json:"Resource"`
	Condition map[string]map[string]string `json:"Condition"`
}

// denying adds the denial to the policy there is; change is false where it
// denies as much already. An empty policy is none.
func denying(have string, before time.Time) (policy string, change bool, err error) {
	doc := document{Version: "2012-10-17"}
	if have != "" {
		if doc, err = parsePolicy(have); err != nil {
			return "", false, err
		}
	}
	limit := before.UTC().Truncate(time.Second).Add(time.Second)
	ours := denial{"", "Deny", "*", "*", map[string]map[string]string{"DateLessThan": {issueTime: limit.Format(time.RFC3339)}}}
	text, err := json.Marshal(ours)
	if err != nil {
		return "", false, err
	}
	kept := doc.Statement[:0:0]
	for _, s := range doc.Statement {
		at, denies := denied(s)
		if denies && !at.Before(limit) {
			return "", false, nil
		}
		if !denies {
			kept = append(kept, s)
		}
	}
	kept = append(kept, text)
	doc.Statement = kept
	whole, err := json.Marshal(doc)
	return string(whole), true, err
}

// parsePolicy reads a policy, whose Statement may be one or a list.
func parsePolicy(text string) (document, error) {
	var read struct {
		Version, ID string
		Statement   json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		return document{}, err
	}
	doc := document{Version: read.Version, ID: read.ID}
	if err := json.Unmarshal(read.Statement, &doc.Statement); err != nil {
		doc.Statement = []json.RawMessage{read.Statement}
	}
	return doc, nil
}

// denied reads a statement of the form that this program writes.
func denied(statement json.RawMessage) (time.Time, bool) {
	var s denial
	if json.Unmarshal(statement, &s) != nil || s.Effect != "Deny" || s.Action != "*" || s.Resource != "*" || len(s.Condition) != 1 {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, s.Condition["DateLessThan"][issueTime])
	return at, err == nil
}
