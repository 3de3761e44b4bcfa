package rotation

import (
	"context"

	"github.com/keytend/keytend/internal/accesskey"
)

// Look is a pass that only looks: it returns what the next pass would do, and
// on what grounds, and changes nothing.
func (r *Rotator) Look(ctx context.Context, subject accesskey.Subject) (Result, error) {
	p, err := r.decide(ctx, subject)
	if err != nil {
		return Result{Record: p.record}, err
	}
	return Result{Record: p.record, Step: p.step, Input: p.in, Idle: p.idle()}, nil
}
