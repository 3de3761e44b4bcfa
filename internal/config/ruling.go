package config

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/match"
	"github.com/keytend/keytend/internal/policy"
)

// subjects are used again: they are large, and a ruling short.
var subjects = sync.Pool{New: func() any { return new(match.Subject) }}

// Ruling is what the policy says about one key, now being AWS's time. An error
// says what could not be judged, because a fact that it hangs on was not read:
// then nothing is to be done about the key. What it is shown it leaves as it is.
func (p *Policy) Ruling(account *accesskey.Account, user *accesskey.User, key *accesskey.Key, now time.Time) (policy.Ruling, error) {
	s := subjects.Get().(*match.Subject)
	defer subjects.Put(s)
	*s = match.Subject{Account: account, User: user, Key: key, Now: now} // and nothing of the one before
	return p.rule(s)
}

func (p *Policy) rule(s *match.Subject) (policy.Ruling, error) {
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
	r.Deliver, _ = c.deliver(s)
	r.Owner, r.OwnerFrom = p.owner(s)
	r.Budgets = p.drawnOn(s.Account.ID, s.Now)
	r.Wave = p.wave(s, r.Rules.Unused)
	return r, nil
}

// held finds the overrides that mean the key, and combines them.
func (p *Policy) held(s *match.Subject) (*combined, error) {
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
func (c *Condition) means(s *match.Subject) (bool, error) {
	means, told, err := c.compiled.Means(s)
	switch {
	case err != nil:
		return false, fmt.Errorf("could not be judged: the expression of %s: %w%s", c.place.line(), err, hintOnTags(c.compiled.UnguardedTags()))
	case !told:
		return false, fmt.Errorf("could not be judged: the expression of %s needs %s of user %s, which could not be read",
			c.place.line(), c.compiled.Unread(s), s.User.Name)
	}
	return means, nil
}

// hintOnTags says how to ask for a tag that not everybody has.
func hintOnTags(tags []string) string {
	if len(tags) == 0 {
		return ""
	}
	return fmt.Sprintf(`; ask first: "%s" in user.tags && …`, tags[0])
}

// exemption is the first that holds; else the last that did, so that it can be
// reported as void; else none.
func (p *Policy) exemption(s *match.Subject) (*policy.Exemption, error) {
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
		if found.InForce(s.Now) {
			return found, nil
		}
		if void == nil || void.Until.Before(found.Until) {
			void = found
		}
	}
	return void, nil
}

// notNamed is why admin-like users are left out.
const notNamed = "admin-like, and not named under admins"

// leftOut says why nothing is to be changed about a user.
func (p *Policy) leftOut(s *match.Subject) (string, error) {
	if why := p.except.Why(s.User); why != "" {
		return why, nil
	}
	privilege, known := s.User.Privilege.Get()
	if known && !privilege.Admin {
		return "", nil
	}
	named, err := p.namedAdmin(s)
	switch {
	case err != nil || named:
		return "", err
	case !known:
		return "whether it is admin-like could not be read: " + s.User.Privilege.Why(), nil
	}
	return notNamed, nil
}

func (p *Policy) namedAdmin(s *match.Subject) (bool, error) {
	for i := range p.Admins {
		a := &p.Admins[i]
		if a.When.compiled == nil {
			if strings.EqualFold(a.Name, s.User.Name) || a.Name == s.User.ARN {
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
