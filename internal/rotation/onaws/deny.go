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

// DenyPolicy is the inline policy by which a user's old sessions are denied,
// and the name of its statement. It can be removed 36 hours after the time in
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
	s, how, err := a.permitted(ctx, subject, p)
	if err != nil {
		return undone(err)
	}
	have, err := s.UserPolicy(ctx, subject.User, DenyPolicy)
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
	Sid       string                       `json:"Sid"`
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
	limit := before.UTC().Truncate(time.Second)
	if limit.Before(before) || limit.Equal(before) {
		limit = limit.Add(time.Second)
	}
	ours := denial{DenyPolicy, "Deny", "*", "*", map[string]map[string]string{"DateLessThan": {issueTime: limit.Format(time.RFC3339)}}}
	text, err := json.Marshal(ours)
	if err != nil {
		return "", false, err
	}
	kept := doc.Statement[:0:0]
	for _, s := range doc.Statement {
		if at, denies := denied(s); denies && !at.Before(limit) {
			return "", false, nil
		} else if !denies {
			kept = append(kept, s)
		}
	}
	doc.Statement = append(kept, text)
	whole, err := json.Marshal(doc)
	return string(whole), true, err
}

// parsePolicy reads a policy, whose Statement may be one or a list.
func parsePolicy(text string) (document, error) {
	var doc document
	var single struct{ Version, ID string }
	var one struct{ Statement denialOrMore }
	if err := json.Unmarshal([]byte(text), &single); err != nil {
		return doc, err
	}
	if err := json.Unmarshal([]byte(text), &one); err != nil {
		return doc, err
	}
	return document{Version: single.Version, ID: single.ID, Statement: one.Statement}, nil
}

type denialOrMore []json.RawMessage

// UnmarshalJSON implements json.Unmarshaler.
func (d *denialOrMore) UnmarshalJSON(text []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err == nil {
		*d = list
		return nil
	}
	*d = []json.RawMessage{append(json.RawMessage(nil), text...)}
	return nil
}

// denied reads a statement of the form that this program writes.
func denied(statement json.RawMessage) (time.Time, bool) {
	var s denial
	if json.Unmarshal(statement, &s) != nil || s.Sid != DenyPolicy || s.Effect != "Deny" || s.Action != "*" || s.Resource != "*" || len(s.Condition) != 1 {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, s.Condition["DateLessThan"][issueTime])
	return at, err == nil
}
