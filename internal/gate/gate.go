// Package gate asks change management before a key is made, switched off or
// deleted: a signed question goes to a webhook, whose answer allows or denies,
// with the change's ticket number.
//
// It never takes silence, an error or an answer it doesn't understand for a yes,
// and asks once: the next pass asks again.
package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/webhook"
)

// Schema names the form of questions.
const Schema = "keytend.gate.v1"

// Gate is the webhook that decides.
type Gate struct {
	Endpoint webhook.Endpoint
	Before   []policy.Kind // what it is asked about; none: everything
	Timeout  time.Duration // how long an answer may take; 0: ten seconds
}

// Question is what is to be done. The same question has the same ID however often
// it is asked, so that one ticket is opened for it.
type Question struct {
	Schema  string           `json:"schema"`
	ID      string           `json:"id"`
	Action  policy.Kind      `json:"action"` // create, deactivate, delete
	Account string           `json:"account"`
	User    string           `json:"user"`
	Key     accesskey.ID     `json:"key"`           // to be switched off or deleted; of create: to be replaced
	New     accesskey.ID     `json:"new,omitempty"` // that replaces it
	Work    accesskey.Work   `json:"work"`
	Record  string           `json:"record"`
	Phase   accesskey.Phase  `json:"phase"`
	Reason  accesskey.Reason `json:"reason"`
	Due     *time.Time       `json:"due,omitempty"` // when the old key must be Inactive
}

// Ask implements rotation.Asker.
func (g Gate) Ask(ctx context.Context, r accesskey.Record, step policy.Step) (policy.Answer, error) {
	if len(g.Before) > 0 && !slices.Contains(g.Before, step.Kind) {
		return policy.Answer{Allowed: true}, nil
	}
	return g.Put(ctx, questionOf(r, step))
}

func questionOf(r accesskey.Record, step policy.Step) Question {
	q := Question{
		Schema: Schema, ID: policy.QuestionID(r, step), Action: step.Kind, Account: r.Subject.Account, User: r.Subject.User, Key: step.Key, New: r.New,
		Work: r.Work, Record: r.ID, Phase: r.Stage(), Reason: step.Reason,
	}
	if q.Key == "" {
		q.Key = r.Old
	}
	if !r.Due.IsZero() {
		q.Due = &r.Due
	}
	return q
}

// Put puts a question. Whatever is not plainly "allow" or "deny" is an error.
func (g Gate) Put(ctx context.Context, q Question) (policy.Answer, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return policy.Answer{}, fmt.Errorf("ask the gate: %w", err)
	}
	timeout := g.Timeout
	if timeout <= 0 {
		timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	text, err := g.Endpoint.Post(ctx, q.ID, "application/json", body)
	if err != nil {
		return policy.Answer{}, fmt.Errorf("ask the gate: %w", err)
	}
	return read(text)
}

func read(text []byte) (policy.Answer, error) {
	var said struct {
		Decision string `json:"decision"`
		Ticket   string `json:"ticket"`
		Reason   string `json:"reason"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return policy.Answer{}, fmt.Errorf("ask the gate: its answer is no JSON object with a decision")
	}
	a := policy.Answer{Allowed: said.Decision == "allow", Ticket: short(said.Ticket, 64), Reason: short(said.Reason, 300)}
	if !a.Allowed && said.Decision != "deny" {
		return policy.Answer{}, fmt.Errorf("ask the gate: decision %q: want allow or deny", short(said.Decision, 30))
	}
	return a, nil
}

// short keeps other people's text to one line that a terminal can't obey.
func short(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' }), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// Check finds an address or secret that makes no sense.
func (g Gate) Check() error {
	if err := g.Endpoint.Check(); err != nil {
		return fmt.Errorf("gate: %w", err)
	}
	return nil
}
