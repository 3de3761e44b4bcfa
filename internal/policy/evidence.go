package policy

import (
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// evidence collects what a finding rests on: the check's own facts and, since
// it decides the severity, the privilege where it is high or unknown.
func (s *subject) evidence(c *check) []Evidence {
	list := make([]Evidence, 0, len(c.evidence)+1)
	for _, fact := range c.evidence {
		list = append(list, fact(s))
	}
	if s.privileged() || !s.user.Privilege.Known() {
		list = append(list, privilegeEvidence(s))
	}
	return list
}

// evidenceOf writes down one fact, known or not.
func evidenceOf[T any](name string, f accesskey.Fact[T], value func(T) string) Evidence {
	v, ok := f.Get()
	if !ok {
		return Evidence{Fact: name, Value: "unknown: " + f.Why()}
	}
	return Evidence{Fact: name, Value: value(v), Source: f.Source(), ObservedAt: f.At()}
}

func idEvidence(s *subject) Evidence {
	return evidenceOf("key ID", s.key.ID, func(id accesskey.ID) string { return string(id) })
}

func sharedEvidence(s *subject) Evidence {
	return evidenceOf("places of use", s.key.Shared, func(why string) string { return why })
}

func statusEvidence(s *subject) Evidence {
	return evidenceOf("status", s.key.Status, func(status accesskey.Status) string { return string(status) })
}

// createdEvidence says what the credential report says where that is the source.
func createdEvidence(s *subject) Evidence {
	name := "created"
	if s.key.Created.Source() == accesskey.FromReport {
		name = "created or last changed"
	}
	return evidenceOf(name, s.key.Created, stamp)
}

func lastUsedEvidence(s *subject) Evidence {
	return evidenceOf("last used", s.key.LastUsed, lastUseValue)
}

func lastUseValue(use accesskey.LastUse) string {
	if use.Never() {
		return "never"
	}
	value := stamp(use.At)
	if use.Service != "" {
		value += ", " + use.Service
	}
	if use.Region != "" {
		value += ", " + use.Region
	}
	return value
}

func policiesEvidence(s *subject) Evidence {
	return evidenceOf("attached policies", s.user.ManagedPolicies, listed)
}

func privilegeEvidence(s *subject) Evidence {
	return evidenceOf("privilege", s.user.Privilege, func(p accesskey.Privilege) string {
		if !p.Admin {
			return "not admin-like"
		}
		return "admin-like: " + p.Why
	})
}

func passwordEvidence(s *subject) Evidence {
	return evidenceOf("console password", s.user.Password, passwordValue)
}

func passwordValue(p accesskey.Password) string {
	if !p.Enabled {
		return "none"
	}
	value := "enabled"
	if !p.LastChanged.IsZero() {
		value += ", set " + stamp(p.LastChanged)
	}
	if p.LastUsed.IsZero() {
		value += ", never used"
	} else {
		value += ", last used " + stamp(p.LastUsed)
	}
	if p.MFA {
		return value + ", MFA on"
	}
	return value + ", MFA off"
}

// userCreatedEvidence cites where the user's tags or password were read: what
// shows either shows when the user was created. accesskey.User keeps no source
// for it, since it never changes.
func userCreatedEvidence(s *subject) Evidence {
	e := Evidence{Fact: "user created", Value: "unknown: not said"}
	if s.user.Created.IsZero() {
		return e
	}
	e.Value = stamp(s.user.Created)
	if s.user.Tags.Known() {
		e.Source, e.ObservedAt = s.user.Tags.Source(), s.user.Tags.At()
	} else if s.user.Password.Known() {
		e.Source, e.ObservedAt = s.user.Password.Source(), s.user.Password.At()
	}
	return e
}

func activeKeysEvidence(s *subject) Evidence {
	return evidenceOf("keys", s.user.Keys, func(keys []accesskey.Key) string {
		names := make([]string, 0, len(keys))
		for i := range keys {
			status, _ := keys[i].Status.Get()
			names = append(names, keyName(&keys[i])+" "+string(status))
		}
		return strings.Join(names, ", ")
	})
}

func certificateEvidence(s *subject) Evidence {
	return evidenceOf("signing certificate", s.user.SigningCertificates, func([]accesskey.SigningCertificate) string {
		return onOff(s.certificate.Active) + changed(s.certificate.Changed)
	})
}

func credentialEvidence(s *subject) Evidence {
	return evidenceOf("service-specific credential", s.user.ServiceCredentials, func([]accesskey.ServiceCredential) string {
		c := s.credential
		value := c.ID + ", " + c.Service + ", " + string(c.Status)
		if !c.Created.IsZero() {
			value += ", created " + stamp(c.Created)
		}
		if !c.Expires.IsZero() {
			value += ", expires " + stamp(c.Expires)
		}
		return value
	})
}

func onOff(active bool) string {
	if active {
		return "active"
	}
	return "inactive"
}

func changed(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return ", changed " + stamp(at)
}

// listed spells a list, or that there is nothing in it.
func listed[T ~string](items []T) string {
	if len(items) == 0 {
		return "none"
	}
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = string(item)
	}
	return strings.Join(words, ", ")
}

// keyName names a key as well as it is known: its ID, else when it was
// created.
func keyName(k *accesskey.Key) string {
	if id, ok := k.ID.Get(); ok {
		return string(id)
	}
	if created, ok := k.Created.Get(); ok {
		return "key created " + stamp(created)
	}
	return "a key of which neither ID nor creation time is known"
}

// counted spells how many there are of a thing.
func counted[T any](thing string) func([]T) string {
	return func(items []T) string {
		if len(items) == 0 {
			return "none"
		}
		return count(len(items), thing)
	}
}
