package policy

import (
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Action is what a plan does about one key.
type Action string

// The actions.
const (
	Begin    Action = "begin"   // a record begins now
	PutOff   Action = "put off" // it is due, and something stands in between
	Comes    Action = "comes"   // its time comes
	GoOn     Action = "go on"   // a record under way has a step to take
	Waits    Action = "waits"   // a record under way waits for its time
	Approval Action = "approve" // a record under way waits for a person's yes
	Blocked  Action = "blocked" // a record under way waits for a person's choice
	Cannot   Action = "cannot"  // it is due, and no machine can do it: a finding
	Unjudged Action = "unknown" // something could not be read, so nothing is done
	Leave    Action = "leave"   // nothing is to be done
)

// Item is what a plan says about one key, or about one user where its keys are
// not known. All times are AWS's, UTC.
type Item struct {
	Account    string
	User       string
	UserID     string
	Key        accesskey.ID // empty: not known
	Created    time.Time
	Owner      string
	OwnerLeft  bool // it is known that the owner isn't there any more; Plan never says so
	Privileged bool
	Work       accesskey.Work // empty: none
	Inactive   bool           // the key is off: the work is to delete it
	Delete     bool           // the work ends with the key deleted
	Action     Action

	At     time.Time // when it begins, comes or is looked at again; zero: not known
	Due    time.Time // when the key must be Inactive; zero: never
	Limit  time.Time // of what nobody uses: since when it should be off, whatever notice is still to be given; zero: Due says
	Late   bool
	Reason accesskey.Reason
	Saw    string // what was seen, one sentence
	Todo   string // what a person does about it

	Evidence     []Evidence
	Destinations []string

	Record  string // ID of the record under way
	Version int64
	Phase   accesskey.Phase
	Next    Kind // the record's next step

	// Ruling is of what begins or is under way; nil: none could be had, or nothing is
	// to be done. Items share it: it isn't changed, and whose key it is and where that
	// is delivered stand in the item alone.
	Ruling *Ruling

	Planned    bool // a policy began the record under way
	Unapproved bool // the record waits for something else, and will need a yes that nobody has given

	Rank int      // in ComparePlanned, before due date and name
	Used []string // where the key is used, a sentence each, as far as it is on record; Plan never says so

	unruled bool                 // what the policy says of it can't be told
	started time.Time            // of the record
	drawn   []accesskey.Reserved // by it
}

// Rulings returns what the policy says about one key, or why that can't be told.
// It is pure, and leaves what it is shown as it is.
type Rulings func(*accesskey.Account, *accesskey.User, *accesskey.Key, time.Time) (Ruling, error)

// Survey is what a plan of one account rests on.
type Survey struct {
	Inventory accesskey.Inventory
	Records   []Underway                              // of this account: live, and rejected ones
	Managed   map[accesskey.ID]accesskey.Fact[string] // who else manages a key, of those that were asked about; empty: nobody
	Quota     accesskey.Fact[int]                     // keys that a user may have; asked for where a user has more than one
}

// Underway is a record, and what the next pass would do where that was found
// out.
type Underway struct {
	Record accesskey.Record
	Step   Step   // zero: nobody looked
	Why    string // nobody could look
}

// Plan says what is to be done about each key of one account. It is total and
// pure: one item a key, one a user whose keys are not known, in the order of
// the inventory; same input, same items. Whether what may begin does so now is
// for Schedule.Allot to say, which sees every account.
func Plan(s Survey, rule Rulings, now time.Time) []Item {
	p := planner{leak: newSubject(&s.Inventory, &Rules{}, now), Survey: s, rule: rule, now: now, under: map[string]*Underway{}, refused: map[accesskey.ID]*accesskey.Record{}}
	for i := range s.Records {
		p.file(&s.Records[i])
	}
	items := blank(len(s.Inventory.Users))
	for i := range s.Inventory.Users {
		items = p.user(items, &s.Inventory.Users[i])
	}
	for i := range s.Records { // of users that are gone, or that nobody could read
		if u := &s.Records[i]; u.Record.Live() && p.under[u.Record.Subject.User] == u {
			items = append(items, p.missing(u))
		}
	}
	return items
}

// planner is one run of Plan.
type planner struct {
	Survey
	rule    Rulings
	now     time.Time
	under   map[string]*Underway // live, by user; those told of are taken out
	refused map[accesskey.ID]*accesskey.Record

	prospect prospect
	leak     *subject  // looks for quarantines
	rulings  []*Ruling // that items share
}

// file puts a record where it is looked for.
func (p *planner) file(u *Underway) {
	r := &u.Record
	switch {
	case r.Live():
		p.under[r.Subject.User] = u
	case r.Rejection != nil && p.now.Before(r.Rejection.Until):
		p.refused[r.Old] = r
	}
}

// user plans every key of one user.
func (p *planner) user(items []Item, u *accesskey.User) []Item {
	p.leak.setUser(u)
	keys, known := u.Keys.Get()
	if !known {
		i := Item{Account: p.Inventory.Account.ID, User: u.Name, UserID: u.ID, Action: Unjudged,
			Reason: WhyUnknownFact, Saw: "the user's keys could not be read: " + u.Keys.Why()}
		return append(items, i)
	}
	from := len(items)
	for k := range keys {
		items = slices.Grow(items, 1)[:len(items)+1]
		p.key(&items[len(items)-1], u, &keys[k])
	}
	p.together(u, keys, items[from:])
	return items
}

// key plans one key as if it were the user's only one.
func (p *planner) key(item *Item, u *accesskey.User, k *accesskey.Key) {
	s := &p.prospect // there are millions: one place for all
	s.planner, s.item, s.user, s.key = p, item, u, k
	s.ruling, s.err = p.rule(&p.Inventory.Account, u, k, p.now)
	s.begin()
	for i := range prospects {
		if prospects[i].answers(s) {
			break
		}
	}
	if item.Action != Leave && item.Action != Comes {
		item.Evidence = s.evidence()
	}
	if s.err == nil && (item.Action == Begin || p.under[u.Name] != nil) {
		item.Ruling, item.Rank = p.shared(&s.ruling), rankOf(item, s.ruling.Wave)
	}
}
