package rotationlambda

import (
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
)

// TestDiesBetweenStoringAndRecording: the key lies in AWSPENDING and no record knows
// it. The next try of the same rotation finds it, has CloudTrail say whose it is, and
// goes on with it, unless a person has changed AWSCURRENT meanwhile.
func TestDiesBetweenStoringAndRecording(t *testing.T) {
	for name, edited := range map[string]bool{"nothing else happens": false, "a person edits the secret": true} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(w *world) {
				made := 0
				w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
					if w.calling && c.Action == "CreateAccessKey" {
						made++
					}
					if w.calling && c.Action == "PutSecretValue" && made == 1 && !w.dead {
						w.dead = true
						if edited {
							w.calling = false
							w.put(`{"accessKeyId":"` + string(oldKey) + `","secretAccessKey":"` + oldSecret + `","endpoint":"https://new.example.com"}`)
						}
						return fakeaws.LoseAnswer()
					}
					return fakeaws.Proceed()
				})
				w.rotate(60)
				w.live(time.Hour, 6*time.Hour)
				if edited {
					w.live(2*day, 6*time.Hour)
					w.rotate(0)
					w.live(8*day, 6*time.Hour)
					if text, _ := w.value(current); !strings.Contains(text, "new.example.com") || w.holds().ID == oldKey {
						w.t.Errorf("what a person wrote is gone, or nothing came of the next rotation: %s", w.holds().ID)
					}
					w.oneKeyLeft()
					return
				}
				if r := w.record(); made != 1 || r.New == "" || w.holds().ID != r.New || r.Phase == accesskey.Blocked {
					w.t.Errorf("%d keys were made; the record is %s\n%s", made, stateOf(r), strings.Join(w.fails, "\n"))
				}
				w.live(8*day, 6*time.Hour)
				w.oneKeyLeft()
			})
		})
	}
}
