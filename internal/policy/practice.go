package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// configRules are the AWS Config managed rules that watch access keys, by
// source identifier.
// https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html
var configRules = []string{
	"ACCESS_KEYS_ROTATED",
	"IAM_USER_UNUSED_CREDENTIALS_CHECK",
	"IAM_ROOT_ACCESS_KEY_CHECK",
}

// counts is one pass over all accounts.
type counts struct {
	rules *Rules

	rotation, roles, automation, monitoring, unused, root tally

	admins, people int // users with an Active key that are admin-like; that have a console password
}

func newCounts(r *Rules) *counts { return &counts{rules: r} }

func (c *counts) account(inv *accesskey.Inventory, m Monitoring, now time.Time) {
	s := newSubject(inv, c.rules, now)
	for i := range inv.Users {
		s.setUser(&inv.Users[i])
		c.user(s)
	}
	root := Root(*inv)
	s.setUser(&root)
	c.rootUser(s)
	c.watch(&inv.Account, m)
}

func (c *counts) user(s *subject) {
	keys, ok := s.user.Keys.Get()
	if !ok {
		c.rotation.unknown++
		c.roles.unknown++
		c.unused.unknown++
		c.automation.unknown++
		return
	}
	active, unclear := countActive(s.user)
	c.role(s, active, unclear)
	c.replacement(s)
	for i := range keys {
		s.setKey(&keys[i])
		c.key(s)
	}
	s.key = keyFacts{}
}

// key counts a key for rotation and for unused keys. Keys that are off count
// for neither.
func (c *counts) key(s *subject) {
	k := &s.key
	if k.isSwitchedOff {
		return
	}
	who := s.offender()
	switch {
	case !k.isActive || !k.hasCreated:
		c.rotation.unknown++
	default:
		c.rotation.judge(k.age <= s.rules.MaxAge)
		if k.age > s.rules.MaxAge {
			c.rotation.worst.add(badness{0, k.age}, who, k.born)
		}
	}
	rest, known := k.restOrAge()
	switch {
	case !k.isActive || !known || rest > s.rules.Unused && rest-k.unseen <= s.rules.Unused:
		c.unused.unknown++
	default:
		c.unused.judge(rest <= s.rules.Unused)
		if rest > s.rules.Unused {
			c.unused.worst.add(badness{0, rest}, who, func() string { return k.lastUse() + ", " + k.born() + k.asOf() })
		}
	}
}

// restOrAge is how long the key has not been used: since its last use or, where
// never used, since it was created.
func (f *keyFacts) restOrAge() (time.Duration, bool) {
	if f.used() {
		return f.rest, true
	}
	return f.age, f.neverUsed() && f.hasCreated
}

// role counts a user without an Active key as good.
func (c *counts) role(s *subject, active, unclear int) {
	if active == 0 && unclear > 0 {
		c.roles.unknown++
		return
	}
	c.roles.judge(active == 0)
	if active == 0 {
		return
	}
	p, _ := s.user.Password.Get()
	kind := 0
	if s.privileged() {
		c.admins++
		kind += 2
	}
	if p.Enabled {
		c.people++
		kind++
	}
	age, _ := oldestActive(s.user, s.now)
	c.roles.worst.add(badness{kind, age}, Offender{Account: s.account.ID, User: s.user.Name},
		func() string { return sayRole(active, s.privileged(), p.Enabled) })
}

func sayRole(active int, admin, console bool) string {
	text := "holds " + count(active, "Active key")
	if admin {
		text += ", is admin-like"
	}
	if console {
		text += ", also has a console password"
	}
	return text
}

// replacement counts, of users older than MaxAge with Active keys, those whose
// Active keys are all younger: somebody or something replaces them in time.
func (c *counts) replacement(s *subject) {
	active, unclear := countActive(s.user)
	switch {
	case active+unclear == 0:
		return
	case s.user.Created.IsZero():
		c.automation.unknown++
		return
	case s.now.Sub(s.user.Created) <= s.rules.MaxAge:
		return
	}
	oldest, known := oldestActive(s.user, s.now)
	old := oldest > s.rules.MaxAge
	if !old && (!known || unclear > 0) {
		c.automation.unknown++
		return
	}
	c.automation.judge(!old)
	if old {
		c.automation.worst.add(badness{0, oldest}, Offender{Account: s.account.ID, User: s.user.Name},
			func() string { return "holds an Active key " + about(oldest) + " old" })
	}
}

// oldestActive returns the age of the user's oldest Active key, and whether the
// ages of all of them are known.
func oldestActive(u *accesskey.User, now time.Time) (oldest time.Duration, known bool) {
	keys, _ := u.Keys.Get()
	known = true
	for i := range keys {
		if status, _ := keys[i].Status.Get(); status != accesskey.Active {
			continue
		}
		created, ok := keys[i].Created.Get()
		if !ok {
			known = false
			continue
		}
		oldest = max(oldest, now.Sub(created))
	}
	return oldest, known
}

func (c *counts) rootUser(s *subject) {
	if !s.user.Keys.Known() {
		c.root.unknown++
		return
	}
	active, unclear := countActive(s.user)
	present := active + unclear
	c.root.judge(present == 0)
	if present > 0 {
		age, _ := oldestActive(s.user, s.now)
		c.root.worst.add(badness{present, age}, Offender{Account: s.account.ID, User: RootUser},
			func() string { return "the root user has " + rootKeyCount(active, unclear) })
	}
}

// rootKeyCount spells how many of the root user's keys are not off.
func rootKeyCount(active, unclear int) string {
	var parts []string
	if active > 0 {
		parts = append(parts, count(active, "Active key"))
	}
	if unclear > 0 {
		parts = append(parts, count(unclear, "key")+" of unknown status")
	}
	return strings.Join(parts, " and ")
}

// watch counts an account's AWS Config rules. Without a recorder they judge
// nothing.
func (c *counts) watch(account *accesskey.Account, m Monitoring) {
	on, ok := m.Recorder.Get()
	rules, rulesOK := m.Rules.Get()
	if ok && !on {
		for range configRules {
			c.monitoring.judge(false)
		}
		c.monitoring.worst.add(badness{len(configRules), 0}, Offender{Account: account.ID},
			func() string { return "no configuration recorder is on, so no rule judges anything" })
		return
	}
	if !ok || !rulesOK {
		c.monitoring.unknown += len(configRules)
		return
	}
	var missing []string
	for _, want := range configRules {
		present := slices.Contains(rules, want)
		c.monitoring.judge(present)
		if !present {
			missing = append(missing, want)
		}
	}
	if len(missing) > 0 {
		c.monitoring.worst.add(badness{len(missing), 0}, Offender{Account: account.ID},
			func() string { return "missing: " + strings.Join(missing, ", ") })
	}
}

func (s *subject) offender() Offender {
	id, _ := s.key.ID.Get()
	return Offender{Account: s.account.ID, User: s.user.Name, KeyID: id}
}
