package notice

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keytend/keytend/internal/accesskey"
)

// office is a journal and a mail server as a test has them: what is stored, and
// what has arrived.
type office struct {
	told    []Told
	sent    map[string]time.Time
	parcels map[string]Parcel
	arrived map[string]int
}

// pass is one run of keytend: digests are stored, parcels sent, and any of it may
// fail or be the last that the process does.
func (o *office) pass(t *rapid.T, matters []Matter, acks []Ack, now time.Time, trouble bool) {
	fails := func(what string) bool { return trouble && rapid.Bool().Draw(t, what) }
	in := Input{Matters: matters, Told: o.told, Acks: acks, Sent: o.sent, Fallback: "security@example.com", Now: now}
	for _, d := range Digests(in) {
		if fails("storing fails") {
			return
		}
		o.store(d, now)
		if fails("dies") {
			return
		}
	}
	for id, p := range o.parcels {
		if !p.Due(now) {
			continue
		}
		if fails("sending fails") {
			o.fail(p, rapid.Bool().Draw(t, "for good"), now)
			continue
		}
		o.arrived[p.ID]++
		if fails("dies before it is marked") {
			return
		}
		o.parcels[id] = p.Delivered(now)
	}
}

func (o *office) store(d Digest, now time.Time) {
	o.told = append(o.told, d.Told()...)
	o.sent[d.To] = d.At
	p := Parcel{Message: Message{ID: ID(d.ID, "mail"), To: d.To, Text: fmt.Sprint(d.Entries)}, Channel: "mail", State: Pending, Made: now, Next: now}
	o.parcels[p.ID] = p
}

func (o *office) fail(p Parcel, refused bool, now time.Time) {
	p = p.Failed("down", refused, now)
	o.parcels[p.ID] = p
	for _, a := range p.Alarm("security@example.com", []string{"mail", "chat"}, now) {
		o.parcels[a.ID] = a
	}
}

func drawMatters(t *rapid.T) []Matter {
	var all []Matter
	for i := range 3 {
		m := Matter{Account: "123456789012", User: fmt.Sprint("u", i), Thing: fmt.Sprint("k", i), Owner: rapid.SampledFrom([]string{"", "ana@example.com", "bob@example.com"}).Draw(t, "owner")}
		if rapid.Bool().Draw(t, "has a due date") {
			m.Due = noon.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "due")) * day)
		}
		if rapid.Bool().Draw(t, "has a record") {
			r := accesskey.Record{ID: fmt.Sprint("r", i), Work: accesskey.Retirement, Old: accesskey.ID(m.Thing), Phase: accesskey.Noticed, Since: noon, Terms: accesskey.DefaultTerms()}
			m.Record = &r
		}
		all = append(all, m)
	}
	return all
}

// Whatever fails and whenever the process dies: nobody is told the same rung
// twice, nothing that was to be told is lost, and one owner has at most one
// digest a day.
func TestNothingIsLostAndNothingToldTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := &office{sent: map[string]time.Time{}, parcels: map[string]Parcel{}, arrived: map[string]int{}}
		now := noon
		seed := drawMatters(t)
		for range rapid.IntRange(1, 30).Draw(t, "passes") {
			now = now.Add(time.Duration(rapid.IntRange(1, 48).Draw(t, "hours")) * time.Hour)
			o.pass(t, aged(seed, now), nil, now, true)
		}
		for range 2 { // service returns, and pauses end
			now = now.Add(2 * day)
			o.pass(t, aged(seed, now), nil, now, false)
		}
		seen := map[Told]bool{}
		for _, told := range o.told {
			told.At = time.Time{}
			if seen[told] {
				t.Fatalf("told twice: %+v", told)
			}
			seen[told] = true
		}
		if again := Digests(Input{Matters: aged(seed, now), Told: o.told, Fallback: "security@example.com", Now: now}); len(again) > 0 {
			t.Fatalf("still to be told: %+v", again)
		}
		for _, p := range o.parcels {
			switch {
			case p.State == Pending:
				t.Fatalf("still pending after service returned: %+v", p)
			case p.State == Sent && o.arrived[p.ID] == 0:
				t.Fatalf("marked, but never arrived: %+v", p)
			case p.State == Dead && !p.Alert && (o.parcels[ID("alarm", p.ID, "mail")].ID == "" || o.parcels[ID("alarm", p.ID, "chat")].ID == ""):
				t.Fatalf("died, and nobody was told: %+v", p)
			}
		}
		days := map[[2]string]bool{}
		for _, p := range o.parcels {
			k := [2]string{p.To, dayOf(p.Made)}
			if !p.Alert && days[k] {
				t.Fatalf("two digests for %v", k)
			}
			days[k] = days[k] || !p.Alert
		}
	})
}

// aged is the matters as they stand later.
func aged(seed []Matter, now time.Time) []Matter {
	var all []Matter
	for _, m := range seed {
		if m.Record != nil {
			r := *m.Record
			if now.Sub(noon) > 20*day {
				r.Phase, r.OldExit.Deactivated = accesskey.Resting, noon.Add(20*day)
			}
			m.Record = &r
		}
		all = append(all, m)
	}
	return all
}

// Of one occasion the steps only grow, and never is a rung told before its time.
func TestRungsComeInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Matter{Account: "123456789012", User: "ana", Thing: "k", Owner: "ana@example.com", Due: noon.Add(time.Duration(rapid.IntRange(0, 40*86400).Draw(t, "due")) * time.Second)}
		var told []Told
		var last int64 = -1 << 62
		for now := noon; now.Before(noon.Add(90 * day)); now = now.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "hours")) * time.Hour) {
			for _, d := range Digests(Input{Matters: []Matter{m}, Told: told, Now: now}) {
				step := d.Entries[0].Step
				if step <= last || now.Before(m.Due.Add(time.Duration(step)*time.Second)) {
					t.Fatalf("at %s: step %d after %d, due %s", now, step, last, m.Due)
				}
				last, told = step, append(told, d.Told()...)
			}
		}
		if last < 0 {
			t.Fatalf("the last step was %d: nobody was told that it is due", last)
		}
	})
}

func TestPauses(t *testing.T) {
	p := Parcel{State: Pending, Next: noon}
	now := noon
	for i := range MostTries {
		if p.State != Pending {
			t.Fatalf("dead after %d tries", i)
		}
		p = p.Failed("down", false, now)
		if pause := p.Next.Sub(now); pause < firstPause || pause > longestPause {
			t.Fatalf("pause %s after try %d", pause, i+1)
		}
		now = p.Next
	}
	if p.State != Dead || now.Sub(noon) < 60*time.Hour {
		t.Fatalf("%s after %s, want dead after two and a half days", p.State, now.Sub(noon))
	}
	if got := (Parcel{State: Pending}).Failed("no such user", true, noon); got.State != Dead {
		t.Fatal("what is refused for good is not tried again")
	}
	if p.Alert = true; len(p.Alarm("x", []string{"mail"}, now)) != 0 {
		t.Fatal("an alarm about an alarm")
	}
}
