package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// span spells a length of time by its greatest fitting unit, rounded down:
// "412 d", "3 h", "5 min". Days begin at 48 hours.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + span(-d)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	default:
		return fmt.Sprintf("%d d", d/(24*time.Hour))
	}
}

// Ago spells a moment as seen from now: "3 h ago", "in 12 d", "just now".
func Ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d >= time.Minute:
		return span(d) + " ago"
	case d <= -time.Minute:
		return "in " + span(-d)
	default:
		return "just now"
	}
}

// due spells a due date: "in 12 d", "322 d over". The zero time is at once.
func due(t, now time.Time) string {
	switch {
	case t.IsZero():
		return "now"
	case now.Before(t):
		return "in " + span(t.Sub(now))
	default:
		return span(now.Sub(t)) + " over"
	}
}

// limit spells a rule's limit as it is typed on the command line: "90d", "1d12h".
func limit(d time.Duration) string {
	if d%(24*time.Hour) == 0 && d != 0 {
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return model.Duration(d).String()
}

// stamp is a time as machines read it: RFC 3339, UTC, to the second.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// moment is a time as people read it.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// count spells n things: "1 key", "2 keys".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return thousands(n) + " " + thing + "s"
}

// thousands groups the digits of n: 12,345.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// list joins what is not empty.
func list(sep string, parts ...string) string {
	kept := parts[:0:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, sep)
}
