package config

import (
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/policy"
)

// closed warns where windows and freezes keep changes waiting for longer than
// the margin before the due time: keys that fall due meanwhile are late.
func (v *validator) closed(s Settings, path string) {
	if !s.Rules.Rotate || v.bad["times"] || v.bad[join(path, "windows")] || v.bad[join(path, "freezes")] {
		return
	}
	margin := s.Times.Margin
	if shut := shutFor(s.ruling().Windows); shut > margin.span() {
		v.warn(v.at(join(path, "windows")), "windows: no change can be made for up to %s, and margin is %s: keys may be switched off up to %s late; want margin of %s or more",
			Duration(shut), margin, Duration(shut)-margin, Duration(shut))
	}
	for i, f := range s.Freezes {
		span := f.span()
		if length := span.Until.Sub(span.From); length > margin.span() {
			v.warn(v.at(fmt.Sprintf("%s[%d]", join(path, "freezes"), i)), "freeze: it lasts %s, and margin is %s: keys due within are switched off up to %s late; want margin of %s or more",
				Duration(length), margin, Duration(length)-margin, Duration(length))
		}
	}
}

// shutFor is the longest time in a week during which no window is open.
func shutFor(windows []policy.Weekly) time.Duration {
	if len(windows) == 0 {
		return 0
	}
	monday := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	var longest, shut time.Duration
	for t := monday; t.Before(monday.Add(2 * week)); t = t.Add(time.Minute) {
		if open(windows, t) {
			shut = 0
			continue
		}
		shut += time.Minute
		longest = max(longest, shut)
	}
	return longest
}

func open(windows []policy.Weekly, t time.Time) bool {
	for _, w := range windows {
		if w.Contains(t) {
			return true
		}
	}
	return false
}
