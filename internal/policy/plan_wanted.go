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
