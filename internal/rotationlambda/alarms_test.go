package rotationlambda

import (
	"testing"

	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
)

// TestAlarmsAreCounted: nobody reads the log before something rings. What is neither a
// failure nor a block, and yet leaves a key as it should not be, counts.
func TestAlarmsAreCounted(t *testing.T) {
	for name, c := range map[string]struct {
		phase  accesskey.Phase
		befall func(*world)
	}{
		"nothing": {accesskey.Overlap, func(*world) {}},
		"last used can't be read": {accesskey.Overlap, func(w *world) {
			w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
				if w.calling && c.Action == "GetAccessKeyLastUsed" {
					return fakeaws.Refuse(403, "AccessDenied", "no")
				}
				return fakeaws.Proceed()
			})
		}},
		"the key in the secret is switched off": {accesskey.Done, func(w *world) { w.set(w.holds().ID, iamtypes.StatusTypeInactive) }},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(w *world) {
				w.rotate(60)
				w.until(c.phase)
				if w.alarms != 0 {
					w.t.Errorf("%d alarms before anything happened: %s", w.alarms, w.log.String())
				}
				c.befall(w)
				w.pass(30*day, 6*day)
				w.cloud.SetFault(nil)
				if (w.alarms > 0) != (name != "nothing") || len(w.fails) > 0 {
					w.t.Errorf("%d alarms; failures %v; the record is %s", w.alarms, w.fails, stateOf(w.record()))
				}
			})
		})
	}
}
