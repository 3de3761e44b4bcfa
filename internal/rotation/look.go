package rotation

import (
	"context"
	"fmt"

	"github.com/keytend/keytend/internal/accesskey"
)

// Look is a pass that only looks: it returns what the next pass would do, and
// on what grounds, and changes nothing.
func (r *Rotator) Look(ctx context.Context, subject accesskey.Subject) (Result, error) {
	record, err := r.Journal.Fetch(ctx, subject)
	if err != nil {
		return Result{}, fmt.Errorf("fetch record of %s: %w", subject.User, err)
	}
	in, err := r.observe(ctx, record)
	if err != nil {
		return Result{Record: record}, fmt.Errorf("observe %s: %w", subject.User, err)
	}
	now := r.Clock.Now()
	p := &pass{Rotator: r, ctx: ctx, in: in, record: record, now: now, step: r.Decide(in, now)}
	return Result{Record: record, Step: p.step, Input: in, Idle: p.idle()}, nil
}
