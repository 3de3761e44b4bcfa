package policy

import (
	"cmp"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// prospect is one key in a plan.
type prospect struct {
	*planner
	user    *accesskey.User
	key     *accesskey.Key
	ruling  Ruling
	err     error // why there is no ruling
	created time.Time
	use     accesskey.LastUse
	item    *Item
}

// prospects is what is asked about each key, in this order. The first that
// answers decides.
var prospects = []struct {
	Name    string // what holds where it passes
	answers func(*prospect) bool
}{
	{"the policy can be applied to it", (*prospect).ruleUnknown},
	{"AWS has not found it in public", (*prospect).leaked},
	{"no exemption is in force", (*prospect).exempt},
	{"it is not left out", (*prospect).leftOut},
	{"nobody else manages it", (*prospect).elsewhere},
	{"its status is known", (*prospect).statusUnknown},
	{"it is Active", (*prospect).off},
	{"its creation and last use are known", (*prospect).datesUnknown},
	{"somebody uses it", (*prospect).unused},
	{"the policy has it replaced", (*prospect).kept},
	{"its time has come", (*prospect).young},
	{"somebody would get the new key", (*prospect).nowhere},
	{"nobody said no", (*prospect).rejected},
	{"replace it", (*prospect).replace},
}

// begin notes what is known in any case.
func (s *prospect) begin() {
	s.created, _ = s.key.Created.Get()
	s.use, _ = s.key.LastUsed.Get()
	id, _ := s.key.ID.Get()
	privilege, _ := s.user.Privilege.Get()
	*s.item = Item{
		Account: s.Inventory.Account.ID, User: s.user.Name, UserID: s.user.ID, Key: id, Created: s.created,
		Owner: s.ruling.Owner, Privileged: privilege.Admin,
	}
}

// say answers.
func (s *prospect) say(a Action, why accesskey.Reason, saw string) bool {
	s.item.Action, s.item.Reason, s.item.Saw = a, why, saw
	return true
}

func (s *prospect) ruleUnknown() bool {
	if s.err == nil {
		return false
	}
	s.item.unruled = true
	return s.say(Unjudged, WhyUnknownFact, "what the policy says of it can't be told: "+s.err.Error())
}

// leaked: a key in other people's hands isn't replaced at leisure. AWS doesn't
// say which of the user's keys it is.
func (s *prospect) leaked() bool {
	status, _ := s.key.Status.Get()
	if s.leak.quarantine.policy == "" || status != accesskey.Active {
		return false
	}
	id := cmp.Or(string(s.item.Key), "ACCESS-KEY-ID")
	s.item.Todo = "`keytend revoke " + id + " --account " + s.item.Account + "`, with --deliver and --replace-first where its consumer must live"
	return s.say(Cannot, WhyLeaked, "AWS found a key of this user in public ("+s.leak.quarantine.policy+"); cutting it off is a person's order")
}

func (s *prospect) exempt() bool {
	e := s.ruling.Exempt
	if !e.InForce(s.now) {
		return false
	}
	s.item.At = e.Until
	return s.say(Leave, WhyExempt, "exempt until "+stamp(e.Until)+": "+e.Reason+" (approved by "+e.Approver+", "+e.Where+")")
}

func (s *prospect) leftOut() bool {
	if s.ruling.LeftOut == "" {
		return false
	}
	return s.say(Leave, WhyLeftOut, s.ruling.LeftOut)
}

func (s *prospect) elsewhere() bool {
	fact, asked := s.Managed[s.item.Key]
	by, known := fact.Get()
	switch {
	case !asked || known && by == "":
		return false
	case !known:
		return s.say(Unjudged, WhyUnknownFact, "who else manages it could not be read: "+fact.Why())
	}
	s.item.Todo = "let that replace it, or hand the key over first"
	return s.say(Cannot, WhyManaged, "managed by "+by)
}

func (s *prospect) statusUnknown() bool {
	status, known := s.key.Status.Get()
	switch {
	case !known:
		return s.say(Unjudged, WhyUnknownFact, "its status could not be read: "+s.key.Status.Why())
	case !status.Known():
		return s.say(Unjudged, WhyUnknownFact, "its status "+quoted(string(status))+" is not one this program knows")
	}
	return false
}

func (s *prospect) datesUnknown() bool {
	switch {
	case !s.key.Created.Known():
		return s.say(Unjudged, WhyUnknownFact, "when it was created could not be read: "+s.key.Created.Why())
	case !s.key.LastUsed.Known():
		return s.say(Unjudged, WhyUnknownFact, "when it was last used could not be read: "+s.key.LastUsed.Why())
	}
	return false
}

// kept: the policy has nothing done to keys that are in use.
func (s *prospect) kept() bool {
	if s.ruling.Rotate && s.ruling.Rules.MaxAge > 0 {
		return false
	}
	return s.say(Leave, WhyNotAsked, "the policy replaces no keys here")
}

// young: rule 15. It begins early enough to be through when it is due.
func (s *prospect) young() bool {
	r := &s.ruling
	s.item.Work, s.item.Delete = accesskey.Rotation, !r.Terms.Keep
	s.item.Due = s.created.Add(r.Rules.MaxAge)
	latest, start := StartTimes(s.item.Due, r.Terms, r.Margin, r.Spread, s.user.ID)
	s.item.Late = s.now.After(latest)
	if !s.now.Before(start) {
		return false
	}
	s.item.At = start
	if len(r.Deliver) == 0 {
		s.item.Todo = todoDestination
	}
	return s.say(Comes, WhyMaxAge, "")
}

const todoDestination = "name a destination in the policy (`keytend locate USER` finds where the key lives), or `keytend rotate USER --deliver …` by hand, or use a role instead"

func (s *prospect) nowhere() bool {
	if len(s.ruling.Deliver) > 0 {
		return false
	}
	s.item.At, s.item.Todo = s.now, todoDestination
	return s.say(Cannot, WhyNoDestination, s.dueText()+"; nobody would get the new key")
}

func (s *prospect) rejected() bool {
	r := s.refused[s.item.Key]
	if r == nil || s.item.Key == "" {
		return false
	}
	s.item.At = r.Rejection.Until
	return s.say(Leave, WhyRejected, "rejected by "+r.Rejection.By+" until "+stamp(r.Rejection.Until)+": "+r.Rejection.Why)
}

func (s *prospect) replace() bool {
	s.item.Destinations = s.ruling.Deliver
	return s.start(WhyMaxAge, s.dueText()+s.lateText())
}

// start has a record begin now, where all that it needs is known.
func (s *prospect) start(why accesskey.Reason, saw string) bool {
	switch {
	case s.item.Key == "":
		return s.say(Unjudged, WhyUnknownFact, "its ID could not be read: "+s.key.ID.Why())
	case s.item.UserID == "":
		return s.say(Unjudged, WhyUnknownFact, "the user's ID (AIDA…) is not known")
	}
	s.item.At = s.now
	return s.say(Begin, why, saw)
}

// dueText says how the key stands to its greatest age.
func (s *prospect) dueText() string {
	age, limit := s.now.Sub(s.created), s.ruling.Rules.MaxAge
	if age > limit {
		return "created " + about(age) + " ago, " + about(age-limit) + " past the limit of " + exactly(limit)
	}
	return "created " + about(age) + " ago; it must be off by " + stamp(s.item.Due)
}

func (s *prospect) lateText() string {
	if !s.item.Late || !s.now.Before(s.item.Due) {
		return ""
	}
	t := s.ruling.Terms
	return ", which is not sure to be met: it may take " + exactly(lead(t)+t.OverlapMax)
}

func (s *prospect) evidence() []Evidence {
	k := subject{user: s.user, key: keyFacts{Key: s.key}}
	list := []Evidence{statusEvidence(&k), createdEvidence(&k), lastUsedEvidence(&k)}
	if e := s.ruling.Exempt; e != nil && !e.InForce(s.now) {
		list = append(list, Evidence{Fact: "exemption", Value: "over since " + stamp(e.Until), Source: e.Where, ObservedAt: s.now})
	}
	return list
}
