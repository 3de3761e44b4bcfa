package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

var units = []struct {
	name string
	size time.Duration
}{{"day", Day}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}

// about spells d by its greatest unit, rounded down: "412 days", "1 minute".
func about(d time.Duration) string {
	for _, u := range units {
		if d >= u.size {
			return count(int(d/u.size), u.name)
		}
	}
	return "0 seconds"
}

// exactly spells d in full, to the second: "90 days", "1 day 12 hours".
func exactly(d time.Duration) string {
	if d < 0 {
		return "minus " + exactly(-d)
	}
	var parts []string
	for _, u := range units {
		if n := d / u.size; n > 0 {
			parts = append(parts, count(int(n), u.name))
			d -= n * u.size
		}
	}
	if len(parts) == 0 {
		return "0 seconds"
	}
	return strings.Join(parts, " ")
}

// count spells n things: "1 key", "2 keys".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// stamp spells a time as RFC 3339 in UTC, to the second.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// quoted makes a value from AWS safe inside a sentence.
func quoted(s string) string { return fmt.Sprintf("%q", s) }

// born says when the key was created.
func (f *keyFacts) born() string {
	switch {
	case !f.hasCreated:
		return "created at an unknown time"
	case f.age < 0:
		return "created just now"
	}
	return "created " + about(f.age) + " ago"
}

// lastUse says when the key was last used.
func (f *keyFacts) lastUse() string {
	switch {
	case !f.hasUse:
		return "last use unknown"
	case f.use.Never():
		return "never used"
	case f.rest < 0:
		return "last used just now"
	}
	return "last used " + about(f.rest) + " ago"
}

// asOf says when the last use was read, where that was not just now.
func (f *keyFacts) asOf() string {
	switch {
	case f.unseen == 0:
		return ""
	case f.LastUsed.Source() == accesskey.FromReport:
		return ", as of the credential report " + about(f.unseen) + " ago"
	}
	return ", as of " + about(f.unseen) + " ago"
}

// condition says the key's status.
func (f *keyFacts) condition() string {
	if f.status == "" {
		return "of unknown status"
	}
	return string(f.status)
}

func sayCreatedUnknown(s *subject) string {
	return "when the key was created is not known: " + s.key.Created.Why()
}

func sayUseUnknown(s *subject) string {
	return "when the key was last used is not known: " + s.key.LastUsed.Why()
}

func sayUseStale(s *subject) string {
	return s.key.lastUse() + s.key.asOf() + "; whether it was used since is not known"
}

func sayStatusUnknown(s *subject) string {
	if s.key.Status.Known() {
		return "the key's status " + quoted(string(s.key.status)) + " is not one this program knows"
	}
	return "the key's status is not known: " + s.key.Status.Why()
}

// article puts "a" or "an" before a thing.
func article(thing string) string {
	if strings.ContainsRune("aeiou", rune(thing[0])) {
		return "an " + thing
	}
	return "a " + thing
}
