package usage

import (
	"fmt"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/network"
	"github.com/keytend/keytend/internal/useragent"
)

// Case is what is to be known before a key is switched off.
type Case struct {
	Key          accesskey.ID `json:"key"`
	Used         []string     `json:"used"`                   // where, a sentence each, the latest first
	Rest         string       `json:"longest_rest,omitempty"` // between two uses; empty: fewer than two were seen
	Unseen       string       `json:"unseen,omitempty"`       // why it is not known where it is used, or not wholly
	Acknowledged string       `json:"acknowledged"`           // who knows of it, or that nobody said so
	Undo         string       `json:"undo"`                   // how it is taken back
}

// CaseOf puts together what sightings tell. acknowledged and undo are whole
// sentences.
func CaseOf(key accesskey.ID, seen accesskey.Fact[[]accesskey.Sighting], now time.Time, acknowledged, undo string) Case {
	sightings, _ := seen.Get()
	c := Case{Key: key, Used: Told(sightings, now), Unseen: seen.Why(), Acknowledged: acknowledged, Undo: undo}
	if gap := longest(sightings); gap > 0 {
		c.Rest = "The longest rest between two uses was " + long(gap) + "."
	}
	return c
}

// Told tells where sightings were, a sentence each, the latest first.
func Told(sightings []accesskey.Sighting, now time.Time) []string {
	var t Tally
	for _, s := range sightings {
		t.Sum(Use{
			Place: Place{Source: s.Place.Network, Agent: useragent.Parse(s.Place.Agent)}, What: What{Service: s.Place.Service},
			First: s.At.UTC(), Last: s.At.UTC(), Days: DaysOf(s.At),
		})
	}
	return Sentences(t.Uses(), network.Directory{Ranges: network.Published()}, now)
}

// Sentences tells uses, a sentence a spot, the latest first.
func Sentences(uses []Use, known network.Directory, now time.Time) []string {
	sentences := []string{}
	for _, s := range Spots(uses, known) {
		sentences = append(sentences, s.Sentence(now))
	}
	return sentences
}

func longest(sightings []accesskey.Sighting) time.Duration {
	sorted := slices.SortedFunc(slices.Values(sightings), func(a, b accesskey.Sighting) int { return a.At.Compare(b.At) })
	var gap time.Duration
	for i := 1; i < len(sorted); i++ {
		gap = max(gap, sorted[i].At.Sub(sorted[i-1].At))
	}
	return gap
}

// long is a stretch of time in its two largest units.
func long(d time.Duration) string {
	days, hours := int(d/(24*time.Hour)), int(d%(24*time.Hour)/time.Hour)
	switch {
	case days > 0 && hours > 0:
		return fmt.Sprintf("%s and %s", many(days, "day"), many(hours, "hour"))
	case days > 0:
		return many(days, "day")
	case hours > 0:
		return many(hours, "hour")
	}
	return many(int(d/time.Minute), "minute")
}

func many(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
