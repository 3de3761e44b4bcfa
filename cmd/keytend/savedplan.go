package main

import (
	"fmt"
	"sync"

	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// savedPlan is a plan that was written to a file, to be carried out later.
type savedPlan struct {
	file   string
	doc    report.PlanDocument
	items  map[itemName]*report.ItemRecord // what it does
	missed int                             // of which no longer holds

	lock sync.Mutex
	seen map[itemName]policy.Item // the same keys now
}

func newSavedPlan(file string, doc report.PlanDocument) *savedPlan {
	s := &savedPlan{file: file, doc: doc, items: map[itemName]*report.ItemRecord{}, seen: map[itemName]policy.Item{}}
	for n := range doc.Items {
		i := &doc.Items[n]
		s.items[nameOfRecord(i)] = i
	}
	return s
}

// does reports whether an item of a saved plan is to be done: nothing else is
// kept of it.
func does(i *report.ItemRecord) bool {
	return policy.Action(i.Action) == policy.Begin || policy.Action(i.Action) == policy.GoOn
}

// fits refuses a plan that was made by another policy.
func (s *savedPlan) fits(hash string) error {
	if s.doc.Policy.Hash == hash {
		return nil
	}
	return verdict{code: exitFailed, text: "the policy has changed since " + s.file + " was made; nothing was done",
		hint: "make a new plan: `keytend plan --out " + quoteWord(s.file) + "`"}
}

// heed keeps what the saved plan doesn't begin from drawing on budgets, and notes
// how a key stands now.
func (s *savedPlan) heed(i *policy.Item) {
	if i.Action == policy.Begin && !s.means(i) {
		i.Action = policy.PutOff
		i.Saw = "not in " + s.file + ": " + i.Saw
	}
	s.note(i)
}

func (s *savedPlan) note(i *policy.Item) {
	name := nameOf(i)
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.items[name] != nil {
		s.seen[name] = *i
	}
}

// means reports whether the saved plan does this very thing.
func (s *savedPlan) means(i *policy.Item) bool {
	saved := s.items[nameOf(i)]
	return saved != nil && s.differs(saved, i) == ""
}

// differs says what has changed about an item; empty: nothing that matters.
func (s *savedPlan) differs(saved *report.ItemRecord, now *policy.Item) string {
	why := string(now.Reason)
	if now.Saw != "" {
		why += ": " + now.Saw
	}
	switch {
	case saved.Record != now.Record:
		return fmt.Sprintf("another record is under way now (%s)", why)
	case saved.Version != now.Version:
		return fmt.Sprintf("the record has moved on since (version %d, was %d)", now.Version, saved.Version)
	case saved.Action != string(now.Action):
		return fmt.Sprintf("it is no longer to %s but %s (%s)", saved.Action, now.Action, why)
	case saved.Work != string(now.Work) || saved.Delete != now.Delete:
		return fmt.Sprintf("a %s would begin now, not a %s", now.Work, saved.Work)
	}
	return ""
}

// lapsed says of each item that no longer holds why it isn't done.
func (s *savedPlan) lapsed(schedule *policy.Schedule) ([]string, error) {
	for i, err := range schedule.All() { // as the budgets have decided
		if err != nil {
			return nil, err
		}
		s.note(i)
	}
	var lines []string
	for n := range s.doc.Items {
		saved := &s.doc.Items[n]
		name := nameOfRecord(saved)
		if s.items[name] != saved {
			continue
		}
		why := "the key or its user is gone, or is not among the accounts now"
		if now, there := s.seen[name]; there {
			why = s.differs(saved, &now)
		}
		if why != "" {
			lines = append(lines, fmt.Sprintf("%s of %s in %s: %s", name.key, name.user, name.account, why))
		}
	}
	s.missed = len(lines)
	return lines, nil
}
