package policy

import (
	"strconv"
	"strings"
	"time"
)

// finding writes down a broken rule.
func (s *subject) finding(c *check, v verdict) Finding {
	f := Finding{
		Rule:       c.rule,
		Severity:   s.severity(c, v),
		Account:    s.account.ID,
		User:       s.user.Name,
		UserARN:    s.user.ARN,
		Reason:     v.say(s),
		Evidence:   s.evidence(c),
		Controls:   s.controls(c),
		Owner:      s.ownerName(),
		Privileged: s.privileged(),
		Exposure:   s.exposure(),
	}
	f.Subject, f.Created = s.what(c)
	if s.key.Key != nil {
		f.KeyID, _ = s.key.ID.Get()
	}
	if c.due != nil {
		f.Due = c.due(s).UTC()
	}
	return f
}

func (s *subject) severity(c *check, v verdict) Severity {
	severity := c.severity
	if v.severity != 0 {
		severity = v.severity
	}
	if c.raise && s.privileged() {
		return severity.raised()
	}
	return severity
}

// what names the thing the check is about, as Identity needs it, and when that
// was created.
func (s *subject) what(c *check) (string, time.Time) {
	switch c.of {
	case aKey:
		if s.key.hasCreated {
			return "key " + stamp(s.key.created), s.key.created.UTC()
		}
		id, _ := s.key.ID.Get()
		return "key " + string(id), time.Time{}
	case aCertificate:
		return "certificate " + stamp(s.certificate.Changed), s.certificate.Changed
	case aCredential:
		return "credential " + s.credential.ID, s.credential.Created
	}
	return "user", time.Time{}
}

// exposure is how near to misuse the subject's credential is.
func (s *subject) exposure() Exposure {
	switch {
	case s.quarantine.policy != "":
		return Leaked
	case s.key.isActive && s.key.used() && s.key.rest <= s.rules.Unused:
		return InUse
	}
	return Resting
}

func (s *subject) controls(c *check) []Control {
	if c.limited == nil {
		return c.rule.Controls()
	}
	return controlsBroken(c.rule, c.limited(s))
}

// number tells the findings of one user apart that share a rule and a
// creation second: the second becomes "#2", and so on.
func number(found []Finding) {
	for i := range found {
		same := 1
		for j := range i {
			if found[j].Rule != found[i].Rule {
				continue
			}
			if subject, _, _ := strings.Cut(found[j].Subject, "#"); subject == found[i].Subject {
				same++
			}
		}
		if same > 1 {
			found[i].Subject += "#" + strconv.Itoa(same)
		}
	}
}
