package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// PlanWanted names the users whose keys must be read live before a plan may act
// on what it says of them, or because it can't say anything without.
func PlanWanted(inv accesskey.Inventory, rule Rulings, now time.Time) []string {
	var names []string
	items := Plan(Survey{Inventory: inv, Quota: accesskey.Observed(0, now, "assumed")}, rule, now)
	defer done(items)
	for n := range items {
		switch i := &items[n]; i.Action {
		case Begin, PutOff, Cannot, Unjudged:
			if i.unruled { // no look at its keys would help
				continue
			}
			if len(names) == 0 || names[len(names)-1] != i.User {
				names = append(names, i.User)
			}
		}
	}
	return names
}

// BudgetsOf are the budgets that Allot will ask about, each once.
func BudgetsOf(items []*Item) []accesskey.Reservation {
	var all []accesskey.Reservation
	seen := map[string]bool{}
	for _, i := range items {
		if i.Ruling == nil || i.Action != Begin && i.Record == "" {
			continue
		}
		for _, b := range i.Ruling.Budgets {
			if !seen[b.Budget] {
				seen[b.Budget] = true
				all = append(all, b)
			}
		}
	}
	return all
}
