package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// A check answers as three-valued logic does. A condition known not to hold
// keeps the rule, whatever else is unknown; else an unknown one leaves it
// unknown; only where every condition is known to hold is the rule broken. So
// the cases of each are in this order: kept, unknown, broken.

// keyQuarantined: AWS attached one of its quarantine policies to the user. It
// does not say which of the user's keys leaked and switches none off, so every
// key of the user is named, those that are off with a lower severity.
func keyQuarantined(s *subject) verdict {
	switch {
	case s.quarantine.unknown != "":
		return unknown(func(s *subject) string { return s.quarantine.unknown })
	case s.quarantine.policy == "":
		return isKept(func(*subject) string {
			return "no AWSCompromisedKeyQuarantine policy is attached to the user or a group of it"
		})
	}
	v := isBroken(sayQuarantined)
	if s.key.isSwitchedOff {
		v.severity = Medium
	}
	return v
}

func sayQuarantined(s *subject) string {
	text := "AWS found a key of this user in public and attached " + s.quarantine.policy
	if s.quarantine.group != "" {
		text = "the user's group " + s.quarantine.group + " carries " + s.quarantine.policy + ", AWS's fence around leaked keys"
	}
	return text + ", which does not switch the key off; this one is " + s.key.condition() + ", " + s.key.born()
}

// rootAccessKey: a key of the root user that is not known to be off. The
// controls ask whether there is one: CIS by AccountAccessKeysPresent of the
// account summary, which tells no status.
// https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-4
func rootAccessKey(s *subject) verdict {
	if s.key.isSwitchedOff {
		return s.key.notActive()
	}
	return isBroken(sayRootKey)
}

func sayRootKey(s *subject) string {
	facts := s.key.born() + " and " + s.key.lastUse()
	switch {
	case s.key.isActive:
		return "the root user has an Active access key, " + facts + "; no policy can limit it"
	case s.key.Status.Known():
		return "the root user has an access key, " + facts + "; " + sayStatusUnknown(s) + "; no policy can limit it"
	}
	return "the root user has an access key, " + facts + "; its status could not be read: " + s.key.Status.Why() + "; no policy can limit it"
}

// keyTooOld: Active and older than MaxAge.
func keyTooOld(s *subject) verdict {
	k := &s.key
	switch {
	case k.isSwitchedOff:
		return k.notActive()
	case k.hasCreated && k.age <= s.rules.MaxAge:
		return isKept(func(s *subject) string { return s.key.born() + ", within the limit of " + exactly(s.rules.MaxAge) })
	case !k.isActive:
		return k.notActive()
	case !k.hasCreated:
		return unknown(sayCreatedUnknown)
	}
	return isBroken(func(s *subject) string {
		return s.key.born() + ", " + about(s.key.age-s.rules.MaxAge) + " past the limit of " + exactly(s.rules.MaxAge)
	})
}

// keyDueSoon: Active and within Warn of MaxAge.
func keyDueSoon(s *subject) verdict {
	k := &s.key
	switch {
	case k.isSwitchedOff:
		return k.notActive()
	case k.hasCreated && k.age > s.rules.MaxAge:
		return isKept(func(s *subject) string {
			return s.key.born() + ", already past the limit of " + exactly(s.rules.MaxAge)
		})
	case k.hasCreated && k.age <= s.rules.MaxAge-s.rules.Warn:
		return isKept(func(s *subject) string {
			return s.key.born() + ", " + about(s.rules.MaxAge-s.key.age) + " before the limit of " + exactly(s.rules.MaxAge) + "; the warning comes " + exactly(s.rules.Warn) + " before it"
		})
	case !k.isActive:
		return k.notActive()
	case !k.hasCreated:
		return unknown(sayCreatedUnknown)
	}
	return isBroken(func(s *subject) string {
		return s.key.born() + ", " + about(s.rules.MaxAge-s.key.age) + " before the limit of " + exactly(s.rules.MaxAge)
	})
}

// keyUnused: Active, and the last use is longer ago than Unused. What was read
// some time ago must have been so then: the key may have been used since.
func keyUnused(s *subject) verdict {
	k := &s.key
	switch {
	case k.isSwitchedOff:
		return k.notActive()
	case k.neverUsed():
		return isKept(func(s *subject) string { return s.key.lastUse() + ", which " + string(KeyNeverUsed) + " judges" })
	case k.used() && k.rest <= s.rules.Unused:
		return isKept(func(s *subject) string { return s.key.lastUse() + ", within the limit of " + exactly(s.rules.Unused) })
	case !k.isActive:
		return k.notActive()
	case !k.hasUse:
		return unknown(sayUseUnknown)
	case k.rest-k.unseen <= s.rules.Unused:
		return verdict{state: Unknown, say: sayUseStale, stale: true}
	}
	return isBroken(func(s *subject) string {
		return s.key.lastUse() + ", " + about(s.key.rest-s.rules.Unused) + " past the limit of " + exactly(s.rules.Unused) + s.key.asOf()
	})
}

// keyNeverUsed: Active, never used, and old enough to have been.
func keyNeverUsed(s *subject) verdict {
	k := &s.key
	switch {
	case k.isSwitchedOff:
		return k.notActive()
	case k.used():
		return isKept(func(s *subject) string { return s.key.lastUse() })
	case k.hasCreated && k.age <= s.rules.Unused:
		return isKept(func(s *subject) string {
			return s.key.born() + ", too young to be called unused (limit " + exactly(s.rules.Unused) + ")"
		})
	case !k.isActive:
		return k.notActive()
	case !k.hasUse:
		return unknown(sayUseUnknown)
	case !k.hasCreated:
		return unknown(sayCreatedUnknown)
	case k.age-k.unseen <= s.rules.Unused:
		return verdict{state: Unknown, say: sayUseStale, stale: true}
	}
	return isBroken(func(s *subject) string {
		return "never used since it was " + s.key.born() + ", " + about(s.key.age-s.rules.Unused) + " past the limit of " + exactly(s.rules.Unused) + s.key.asOf()
	})
}

// consoleKeyAtSetup: the user has a console password and an Active key made
// within SetupWindow of the user.
//
// CIS asks to remove "keys that were created at the same time as the user
// profile" and has the two times compared; it names no bound. AWS's own
// process check says the same ("compare the user Creation time to the Access
// Key Created date", AWS_CONFIG_PROCESS_CHECK_IAM_USER_CONSOLE_AND_API_ACCESS_AT_CREATION).
// Other tools take 10 seconds (Steampipe's aws-compliance), which misses a
// person at the console, or judge every never-used key instead (Prowler). The
// default of five minutes covers one sitting of whoever set the user up.
func consoleKeyAtSetup(s *subject) verdict {
	k := &s.key
	password, hasPassword := s.user.Password.Get()
	switch {
	case hasPassword && !password.Enabled:
		return isKept(func(*subject) string { return "the user has no console password" })
	case k.isSwitchedOff:
		return k.notActive()
	case k.hasCreated && !s.user.Created.IsZero() && s.afterUser() > s.rules.SetupWindow:
		return isKept(func(s *subject) string {
			return "made " + about(s.afterUser()) + " after its user, more than " + exactly(s.rules.SetupWindow)
		})
	case !hasPassword:
		return unknown(func(s *subject) string {
			return "whether the user has a console password could not be read: " + s.user.Password.Why()
		})
	case !k.isActive:
		return k.notActive()
	case !k.hasCreated:
		return unknown(sayCreatedUnknown)
	case s.user.Created.IsZero():
		return unknown(func(*subject) string { return "when the user was created is not known" })
	}
	return isBroken(func(s *subject) string {
		return "made " + about(s.afterUser()) + " after its user, who has a console password: a key made at setup is seldom one that was asked for; " + s.key.lastUse()
	})
}

// afterUser is how long after its user the key was made. AWS's two times can
// disagree by a moment; a key made "before" its user was made with it.
func (s *subject) afterUser() time.Duration {
	return max(0, s.key.created.Sub(s.user.Created))
}

// keyShared: what is on record of its uses shows two consumers. Of most keys
// nothing is: that is no reason to doubt them.
func keyShared(s *subject) verdict {
	why, looked := s.key.Shared.Get()
	switch {
	case s.key.isSwitchedOff:
		return s.key.notActive() // kept
	case !looked:
		return isKept(func(*subject) string { return "nothing is on record of where it is used: `keytend usage` looks" })
	case why == "":
		return isKept(func(*subject) string { return "nothing on record shows that two consumers use it" })
	case !s.key.isActive:
		return s.key.notActive()
	}
	return isBroken(func(s *subject) string { why, _ := s.key.Shared.Get(); return why })
}

// inactiveKey: off, but still there.
func inactiveKey(s *subject) verdict {
	if !s.key.isSwitchedOff {
		return s.key.notSwitchedOff()
	}
	return isBroken(func(s *subject) string {
		if s.key.status == accesskey.Expired {
			return "Expired and not deleted, " + s.key.born()
		}
		return "Inactive and not deleted, " + s.key.born() + ": whoever may update keys can switch it on again"
	})
}

// notActive is the verdict on a key that is not known to be Active: kept where
// it is known to be off, else unknown.
func (f *keyFacts) notActive() verdict {
	if f.isSwitchedOff {
		return isKept(func(s *subject) string { return "the key is " + string(s.key.status) })
	}
	return unknown(sayStatusUnknown)
}

// notSwitchedOff is the verdict on a key that is not known to be off.
func (f *keyFacts) notSwitchedOff() verdict {
	if f.isActive {
		return isKept(func(*subject) string { return "the key is Active" })
	}
	return unknown(sayStatusUnknown)
}
