package migrate

import (
	"cmp"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/network"
)

// Judgement is what a key is taken to be used by.
type Judgement struct {
	Workload   Workload
	Confidence float64
	Parts      []Part // of a key that is used: each workload, the most used first
	Why        string // a clause, where there are no parts
}

// Part is one workload of a key.
type Part struct {
	Workload    Workload
	Confidence  float64
	Calls       int
	Share       float64 // of the key's calls, 0 to 1
	First, Last time.Time
	Signs       []Sign // what spoke for it, the strongest first
	Seen        []Seen
}

// Sign is a rule that spoke for a workload.
type Sign struct {
	Rule    Rule
	Calls   int
	Example Place
}

// lost is how small a part may be to be taken for noise: a try from another
// computer, a scanner.
const lost = 0.01

// Noise reports whether a part is too small to be a workload: it gets no role
// unasked.
func (p Part) Noise() bool { return p.Share < lost }

// inherited is how sure of a place one must be for what is less sure at the same
// address to be taken for the same.
const inherited = 0.9

// JudgeKey says what uses a key. uses is unread where where it is used could not
// be read; unusedAfter is how long a key must not have been used to count as used
// by nobody.
func JudgeKey(key accesskey.Key, seen []Seen, now time.Time, unusedAfter time.Duration) Judgement {
	parts := partsOf(seen)
	if len(parts) == 0 {
		return unseen(key, now, unusedAfter)
	}
	j := Judgement{Workload: parts[0].Workload, Confidence: parts[0].Confidence, Parts: parts}
	told := slices.DeleteFunc(slices.Clone(parts), func(p Part) bool { return p.Workload == Unknown || p.Noise() })
	switch len(told) {
	case 0:
	case 1:
		j.Workload, j.Confidence = told[0].Workload, told[0].Confidence
	default:
		j.Workload, j.Confidence = Mixed, told[0].Confidence
		for _, p := range told {
			j.Confidence = min(j.Confidence, p.Confidence)
		}
	}
	return j
}

// unseen judges a key of which no call was seen: by its last use alone, which
// counts what CloudTrail's event history doesn't have.
func unseen(key accesskey.Key, now time.Time, unusedAfter time.Duration) Judgement {
	use, known := key.LastUsed.Get()
	created, dated := key.Created.Get()
	switch {
	case !known:
		return Judgement{Workload: Unknown, Confidence: nothingFits, Why: "no call was seen, and when it was last used could not be read"}
	case use.Never() && dated && now.Sub(created) > unusedAfter:
		return Judgement{Workload: Unused, Confidence: 0.97, Why: "it was never used"}
	case use.Never():
		return Judgement{Workload: Unknown, Confidence: nothingFits, Why: "it is young and was not used yet"}
	case now.Sub(use.At) > unusedAfter:
		return Judgement{Workload: Unused, Confidence: 0.95, Why: "it was last used on " + use.At.Format(time.DateOnly) + " for " + use.Service}
	}
	return Judgement{Workload: Unknown, Confidence: nothingFits, Why: "it was used on " + use.At.Format(time.DateOnly) + " for " + use.Service + ", by calls that the history read here doesn't have"}
}

// partsOf groups what was seen by what its places are taken for.
func partsOf(seen []Seen) []Part {
	verdicts := judgePlaces(seen)
	byWorkload := map[Workload]*Part{}
	total := 0
	for _, s := range seen {
		if s.Place.From == FromService {
			continue // not a consumer of the key
		}
		v := verdicts[s.Place]
		p := byWorkload[v.Workload]
		if p == nil {
			p = &Part{Workload: v.Workload, First: s.First, Last: s.Last}
			byWorkload[v.Workload] = p
		}
		p.add(s, v)
		total += s.Count
	}
	parts := make([]Part, 0, len(byWorkload))
	for _, p := range byWorkload {
		p.Confidence /= float64(max(p.Calls, 1))
		p.Share = float64(p.Calls) / float64(max(total, 1))
		slices.SortStableFunc(p.Signs, func(a, b Sign) int {
			return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(b.Rule.Confidence, a.Rule.Confidence), cmp.Compare(a.Rule.Name, b.Rule.Name))
		})
		parts = append(parts, *p)
	}
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Workload, b.Workload)) })
	return parts
}

// add takes one kind of call in. Until all are in, Confidence is a sum weighted by
// calls.
func (p *Part) add(s Seen, v Verdict) {
	p.Seen = append(p.Seen, s)
	p.Calls += s.Count
	p.Confidence += v.Confidence * float64(s.Count)
	if s.First.Before(p.First) {
		p.First = s.First
	}
	if s.Last.After(p.Last) {
		p.Last = s.Last
	}
	for _, r := range v.For {
		i := slices.IndexFunc(p.Signs, func(have Sign) bool { return have.Rule.Name == r.Name })
		if i < 0 {
			p.Signs = append(p.Signs, Sign{Rule: r, Calls: s.Count, Example: s.Place})
			continue
		}
		p.Signs[i].Calls += s.Count
	}
}

// judgePlaces judges every place, and takes for the same what is less sure at an
// address of which one is sure: a build that says who it is calls more programs
// that don't. Behind an address of the account's own many live, so there it
// doesn't hold, and where addresses aren't told apart there is nothing to hold by.
func judgePlaces(seen []Seen) map[Place]Verdict {
	verdicts := map[Place]Verdict{}
	surest := map[string]Verdict{}
	for _, s := range seen {
		v := Judge(s.Place)
		verdicts[s.Place] = v
		if best := surest[s.Place.Network]; s.Place.From != FromOwn && s.Place.From != FromService && v.Workload != Unknown && v.Confidence >= inherited && v.Confidence > best.Confidence {
			surest[s.Place.Network] = v
		}
	}
	for place, v := range verdicts {
		best, there := surest[place.Network]
		if !there || place.Network == network.Anywhere || place.From == FromOwn || place.From == FromService || v.Confidence >= inherited {
			continue
		}
		if best.Workload == v.Workload {
			verdicts[place] = Verdict{Workload: v.Workload, Confidence: max(v.Confidence, best.Confidence*0.9), For: v.For, Against: v.Against}
			continue
		}
		verdicts[place] = Verdict{Workload: best.Workload, Confidence: best.Confidence * 0.9, For: best.For[:1], Against: v.For}
	}
	return verdicts
}
