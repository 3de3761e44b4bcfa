package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

func TestRootKeysInUse(t *testing.T) {
	for name, tt := range map[string]struct {
		keys []accesskey.Key
		want string
	}{
		"none":           {nil, ""},
		"never used":     {[]accesskey.Key{with(aged(900*Day), neverUsed)}, ""},
		"just made":      {[]accesskey.Key{with(aged(3*Day), neverUsed)}, "was made 3 days ago and not used yet"},
		"made one day":   {[]accesskey.Key{with(aged(91*Day), neverUsed)}, ""},
		"made some day":  {[]accesskey.Key{with(with(aged(900*Day), neverUsed), func(k *accesskey.Key) { k.Created = accesskey.Unread[time.Time]("denied") })}, "when it was made is not known"},
		"long unused":    {[]accesskey.Key{with(aged(900*Day), rested(91*Day))}, ""},
		"on the day":     {[]accesskey.Key{with(aged(900*Day), rested(90*Day))}, "was used 90 days ago for s3"},
		"just now":       {[]accesskey.Key{aged(900 * Day)}, "was used 1 hour ago"},
		"off":            {[]accesskey.Key{with(aged(900*Day), status(accesskey.Inactive))}, ""},
		"not known":      {[]accesskey.Key{with(aged(900*Day), func(k *accesskey.Key) { k.LastUsed = accesskey.Unread[accesskey.LastUse]("denied") })}, "not known: denied"},
		"unknown status": {[]accesskey.Key{with(aged(900*Day), status("Odd"))}, "was used 1 hour ago"},
	} {
		got := RootKeysInUse(tt.keys, 90*Day, now)
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if RootKeysInUse([]accesskey.Key{aged(Day)}, time.Minute, now) != "" {
		t.Error("used before the span")
	}
}
