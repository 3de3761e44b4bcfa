package rotation

import (
	"context"

	"github.com/keytend/keytend/internal/accesskey"
)

// MirrorHistory lives through the first history from a seed on in which one
// journal is kept and not put back, and gives a real journal whatever is written
// there. written is called after each write.
func MirrorHistory(seed uint64, real Journal, written func(accesskey.Record, error)) (broken []string, next uint64) {
	for s := seed; ; s++ {
		h := newHistory(s, false, nil)
		if h.journals() > 1 || h.backup != nil {
			continue
		}
		j := h.running[0].journal
		live, _ := j.live()
		live.Version = 0
		written(real.Create(context.Background(), live, accesskey.Event{What: "asked", At: h.now, Record: live.ID}))
		seen := j.wrote
		mirror := func(m *memory, old, next accesskey.Record, e accesskey.Event) {
			seen(m, old, next, e)
			e.Record = next.ID
			if old.ID == "" {
				next.Version = 0
				written(real.Create(context.Background(), next, e))
				return
			}
			written(real.Replace(context.Background(), old, next, e))
		}
		j.wrote, j.mirrored = mirror, true
		h.live()
		return h.broken, s + 1
	}
}
