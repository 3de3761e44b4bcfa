package rotationlambda

import (
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/rotation"
)

func TestRotationFromStepToStep(t *testing.T) {
	in(t, nil, func(w *world) {
		before, _ := w.value(current)
		w.rotate(30)
		r := w.record()
		if len(w.fails) > 0 || r.New == "" || w.holds().ID != r.New {
			t.Fatalf("after the four steps the secret holds %s, the record is %+v, failures %v", w.holds().ID, r, w.fails)
		}
		after, _ := w.value(current)
		want := strings.NewReplacer(string(oldKey), string(r.New), oldSecret, w.holds().Secret.Reveal()).Replace(before)
		if after != want {
			t.Error("the other fields changed")
		}
		if n := len(w.ownTags()); n > keptTags+mostTags {
			t.Errorf("the record takes %d tags", n)
		}
		if _, version := w.value(pending); version != "" {
			t.Error("AWSPENDING was left behind")
		}
		if tags := w.user("ana").Tags; !strings.HasPrefix(tags[rotation.ClaimTag], "fn.") || !strings.HasSuffix(tags[rotation.SecretTag], secretID+tags[rotation.SecretTag][len(tags[rotation.SecretTag])-7:]) {
			t.Errorf("the user's tags are %v", tags)
		}
		w.live(6*24*time.Hour, 2*time.Hour)
		if r := w.record(); r.Phase != accesskey.Done {
			t.Errorf("the record ends %s: %+v", r.Phase, r.Block)
		}
		w.oneKeyLeft()
	})
}

// live lets consumers use the secret meanwhile: one that reads it each time, one
// that keeps what it read for twelve hours.
func (w *world) live(d, reaps time.Duration) {
	w.t.Helper()
	var kept rotation.Credential
	var read time.Time
	end := time.Now().Add(d)
	for time.Now().Before(end) {
		if err := w.works(w.holds()); err != nil {
			w.t.Errorf("%s: the reader fails with %s: %v", time.Now().Format(time.DateTime), w.holds().ID, err)
		}
		if time.Since(read) >= 12*time.Hour {
			kept, read = w.holds(), time.Now()
		}
		if err := w.works(kept); err != nil {
			w.t.Errorf("%s: who keeps it for twelve hours fails with %s: %v", time.Now().Format(time.DateTime), kept.ID, err)
		}
		if w.t.Failed() {
			return
		}
		w.pass(min(100*time.Minute, time.Until(end)), reaps)
	}
}

// oneKeyLeft: the key in the secret is the user's only one, Active, and not the
// one that it began with.
func (w *world) oneKeyLeft() {
	w.t.Helper()
	u, held := w.user("ana"), w.holds().ID
	if len(u.Keys) != 1 || u.Keys[0].Status != "Active" || u.Keys[0].ID != string(held) || held == oldKey {
		w.t.Errorf("keys %v, the secret holds %s", ids(u), held)
	}
}

func ids(u fakeaws.UserSpec) []string {
	var all []string
	for _, k := range u.Keys {
		all = append(all, k.ID+" "+k.Status)
	}
	return all
}
