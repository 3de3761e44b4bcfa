package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// subject is one key that is asked about.
type subject struct {
	account accesskey.Account
	user    accesskey.User
	key     accesskey.Key
	now     time.Time
}

// Ruling is what the policy says about one key, now being AWS's time. An error
// says what could not be judged, because a fact that it hangs on was not read:
// then nothing is to be done about the key.
func (p *Policy) Ruling(account accesskey.Account, user accesskey.User, key accesskey.Key, now time.Time) (policy.Ruling, error) {
	s := &subject{account, user, key, now}
	c, err := p.held(s)
	if err != nil {
		return policy.Ruling{}, err
	}
	r := c.ruling
	if r.Exempt, err = p.exemption(s); err != nil {
		return policy.Ruling{}, err
	}
	if r.LeftOut, err = p.leftOut(s); err != nil {
		return policy.Ruling{}, err
	}
	r.Deliver = c.deliver(s)
	r.Owner, r.OwnerFrom = p.owner(s)
	r.Budgets = p.Budgets.reservations(account.ID, now)
	r.Wave = p.wave(s, r.Rules.Unused)
	return r, nil
}

// held finds the overrides that mean the key, and combines them.
func (p *Policy) held(s *subject) (*combined, error) {
	var few [16]byte
	held := few[:0]
	for i := range p.Overrides {
		means, err := p.Overrides[i].When.means(s)
		if err != nil {
			return nil, err
		}
		held = append(held, byte(0))
		if means {
			held[i] = 1
		}
	}
	c := p.combine(held)
	return c, c.err
}

// means asks a condition about a key. What can't be told is an error.
func (c Condition) means(s *subject) (bool, error) {
	means, told, err := c.compiled.Matches(s.account, s.user, s.key, s.now)
	switch {
	case err != nil:
		return false, fmt.Errorf("could not be judged: the expression of %s: %w", c.place.line(), err)
	case !told:
		return false, fmt.Errorf("could not be judged: the expression of %s needs %s of user %s, which could not be read",
			c.place.line(), c.compiled.Unread(s.account, s.user, s.key), s.user.Name)
	}
	return means, nil
}

// exemption is the first that holds; else the last that did, so that it can be
// reported as void; else none.
func (p *Policy) exemption(s *subject) (*policy.Exemption, error) {
	var void *policy.Exemption
	for i := range p.Exemptions {
		e := &p.Exemptions[i]
		means, err := e.When.means(s)
		if err != nil {
			return nil, err
		}
		if !means {
			continue
		}
		found := &policy.Exemption{Until: e.Until.Until(time.UTC), Reason: e.Reason, Approver: e.Approver, Where: e.place.line()}
		if found.InForce(s.now) {
			return found, nil
		}
		if void == nil || void.Until.Before(found.Until) {
			void = found
		}
	}
	return void, nil
}

// leftOut says why nothing is to be changed about a user.
func (p *Policy) leftOut(s *subject) (string, error) {
	if why := ExceptedBy(p.Except, s.user); why != "" {
		return why, nil
	}
	privilege, known := s.user.Privilege.Get()
	if known && !privilege.Admin {
		return "", nil
	}
	named, err := p.namedAdmin(s)
	switch {
	case err != nil || named:
		return "", err
	case !known:
		return "whether it is admin-like could not be read: " + s.user.Privilege.Why(), nil
	}
	return "admin-like, and not named under admins", nil
}

// ExceptedBy says why a user is left out by a list of names and tags (TAG or
// TAG=VALUE), in any case; empty where it isn't. Tags that could not be read may
// be such a tag.
func ExceptedBy(except []string, user accesskey.User) string {
	tags, known := user.Tags.Get()
	for _, e := range except {
		name, value, valued := strings.Cut(e, "=")
		if strings.EqualFold(user.Name, e) {
			return "its name is " + e
		}
		for tag, v := range tags {
			if strings.EqualFold(tag, name) && (!valued || strings.EqualFold(v, value)) {
				return "tag " + e
			}
		}
	}
	if !known && len(except) > 0 {
		return "its tags could not be read: " + user.Tags.Why()
	}
	return ""
}

func (p *Policy) namedAdmin(s *subject) (bool, error) {
	for i := range p.Admins {
		a := &p.Admins[i]
		if a.When.compiled == nil {
			if strings.EqualFold(a.Name, s.user.Name) || a.Name == s.user.ARN {
				return true, nil
			}
			continue
		}
		if means, err := a.When.means(s); err != nil || means {
			return means, err
		}
	}
	return false, nil
}

// reservations are the budgets that a record in this account draws on.
func (b Budgets) reservations(account string, now time.Time) []accesskey.Reservation {
	var out []accesskey.Reservation
	if b.PerAccount > 0 {
		out = append(out, accesskey.Reservation{Budget: "account " + account, Limit: b.PerAccount})
	}
	if b.Total > 0 {
		out = append(out, accesskey.Reservation{Budget: "all", Limit: b.Total})
	}
	if b.NewPerDay > 0 {
		out = append(out, accesskey.Reservation{Budget: "new per day", Limit: b.NewPerDay, Since: now.Add(-policy.Day)})
	}
	return out
}
