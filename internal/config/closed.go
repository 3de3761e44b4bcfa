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
	monday := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC) // of two weeks without a change of clocks
	if shut := policy.Shut(s.ruling().Windows, monday, monday.Add(2*week)); shut > margin.span() {
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
