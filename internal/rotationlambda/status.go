package rotationlambda

import (
	"context"
	"fmt"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
)

// Status is how a secret's rotation stands.
type Status struct {
	Secret awsapi.SecretDescription
	User   accesskey.User
	Record accesskey.Record // the latest; zero: there was none yet
	Next   policy.Step      // of a record under way: what the next pass would do
	Lost   bool             // a rotation is under way, and its record is gone
	Orders []string         // that wait to be carried out: the record is as they will leave it
	// Rebuilt: one of them has the record rebuilt, as what shows only then.
	Rebuilt bool
}

// Status reads a secret's record and looks at what it waits for. It changes
// nothing.
func (f *Function) Status(ctx context.Context, id string) (Status, error) {
	v, d, err := f.enter(ctx, id)
	if err != nil {
		return Status{}, err
	}
	latest, err := v.journal.read(ctx)
	if err != nil {
		return Status{}, v.wrong("%w", err)
	}
	waiting := ordersIn(v.journal.tags, latest)
	s := Status{Secret: d, User: v.user, Record: foreseen(latest.Record, waiting, f.Rotator.Clock.Now()), Lost: latest.revision == 0 && v.lost()}
	for _, o := range waiting {
		_, rebuilds := o.rebuilds()
		s.Rebuilt = s.Rebuilt || rebuilds
		s.Orders = append(s.Orders, fmt.Sprintf("%s by %s", strings.Replace(o.Answer, "/", " --old ", 1), o.by))
	}
	switch {
	case s.Rebuilt:
		return s, nil
	case latest.revision == 0 || !s.Record.Live():
		return s, nil
	case v.turnOf(d, s.Record) == nobodys:
		s.Next = policy.Step{Kind: policy.RollBack, Reason: WhyGivenUp, Saw: fmt.Sprintf("the reaper goes back to %s when it comes next", s.Record.Old)}
		return s, nil
	}
	res, err := v.rotator.Look(ctx, v.subject)
	s.Next = res.Step
	return s, err
}

// enter opens a secret outside a rotation.
func (f *Function) enter(ctx context.Context, id string) (*visit, awsapi.SecretDescription, error) {
	d, err := f.Store.Describe(ctx, id)
	if err != nil {
		return nil, d, fmt.Errorf("account %s, secret %s: %w", f.Account, id, err)
	}
	v, err := f.open(ctx, d, Event{})
	if err == nil {
		v.journal.hand = true
	}
	return v, d, err
}
