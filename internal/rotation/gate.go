package rotation

import (
	"errors"
	"slices"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// take asks the gate, takes the step, and waits where a budget is used up.
func (p *pass) take() error {
	admission := policy.Admit(p.step, p.in.Record, p.gate(), p.now)
	if about, asked := policy.Asked(p.step, p.in.Record); admission.Admitted && asked && p.Asker != nil {
		admission = p.ask(about, admission)
	}
	if !admission.Admitted {
		p.step = admission.Step
	}
	p.reserve = admission.Reserve
	err := p.act()
	if errors.Is(err, ErrBudget) {
		p.step = policy.OverBudget(p.record, p.now)
		return p.wait()
	}
	return err
}

// ask has change management decide about a step that is admitted, unless it has
// said yes already. A yes is written down with the step.
func (p *pass) ask(about policy.Step, admitted policy.Admission) policy.Admission {
	if policy.StillAllowed(p.record, about, p.now) {
		p.allowed = *p.record.Allowed
		return admitted
	}
	answer, err := p.Asker.Ask(p.ctx, p.record, about)
	if err != nil {
		answer = policy.Answer{Reason: err.Error()}
	}
	p.now = p.Clock.Now() // asking takes its time
	if !answer.Allowed {
		return policy.Admission{Step: policy.NotAllowed(p.record, about, answer, p.now)}
	}
	p.allowed = accesskey.Allowance{Question: policy.QuestionID(p.record, about), By: answer.String(), At: p.now}
	return admitted
}

// gate is the rotator's, with what a person has ordered to stop since. Where
// that can't be read, nothing is changed: what puts things back is not asked.
func (p *pass) gate() policy.Gate {
	g := p.Gate
	if p.Freezer == nil {
		return g
	}
	freezes, err := p.Freezer.Freezes(p.ctx, p.now)
	if err != nil {
		freezes = []Freeze{{Until: p.now.Add(p.record.Terms.Window), Why: err.Error()}}
	}
	g.Freezes = slices.Concat(g.Freezes, freezes)
	return g
}
