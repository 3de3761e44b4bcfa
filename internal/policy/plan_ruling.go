package policy

import "slices"

// rulingsKept is how many different rulings of one account are looked through for
// one that says the same: more overrides than that are rare, and cost memory alone.
const rulingsKept = 16

// shared returns the ruling without what is the key's own. The same is kept once:
// a ruling is larger than all else that is known of a key.
func (p *planner) shared(r *Ruling) *Ruling {
	for _, have := range p.rulings {
		if have.same(r) {
			return have
		}
	}
	kept := *r
	kept.Deliver, kept.Owner, kept.OwnerFrom = nil, "", ""
	p.rulings = append(p.rulings, &kept)
	if len(p.rulings) > rulingsKept {
		p.rulings = p.rulings[1:]
	}
	return &kept
}

// same reports whether two rulings say the same but for owner and destinations.
func (r *Ruling) same(o *Ruling) bool {
	return r.Mode == o.Mode && r.Rules.same(&o.Rules) &&
		r.Rotate == o.Rotate && r.Terms == o.Terms && r.Margin == o.Margin && r.Spread == o.Spread &&
		r.Disable == o.Disable && r.NeverUsed == o.NeverUsed && r.Retire == o.Retire && r.Inactive == o.Inactive &&
		(r.Exempt == o.Exempt || r.Exempt != nil && o.Exempt != nil && *r.Exempt == *o.Exempt) && r.LeftOut == o.LeftOut &&
		r.Wave == o.Wave && slices.EqualFunc(r.Windows, o.Windows, Weekly.same) && slices.Equal(r.Freezes, o.Freezes) &&
		slices.Equal(r.Budgets, o.Budgets) && slices.Equal(r.Deciders, o.Deciders)
}

func (r *Rules) same(o *Rules) bool {
	return r.MaxAge == o.MaxAge && r.Warn == o.Warn && r.Unused == o.Unused && r.SetupWindow == o.SetupWindow && slices.Equal(r.OwnerTags, o.OwnerTags)
}

func (w Weekly) same(o Weekly) bool {
	return w.From == o.From && w.Until == o.Until && w.Place == o.Place && slices.Equal(w.Days, o.Days)
}
