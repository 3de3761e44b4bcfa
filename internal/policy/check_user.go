package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// multipleActiveKeys: two or more Active keys of one user. A user may have
// more than two in some accounts.
func multipleActiveKeys(s *subject) verdict {
	active, unclear := countActive(s.user)
	switch {
	case active >= 2:
		return isBroken(func(s *subject) string {
			active, _ := countActive(s.user)
			return count(active, "Active key") + " at once: one is enough outside a rotation"
		})
	case !s.user.Keys.Known():
		return unknown(func(s *subject) string { return "the user's keys could not be read: " + s.user.Keys.Why() })
	case active+unclear >= 2:
		return unknown(func(s *subject) string {
			_, unclear := countActive(s.user)
			return "the status of " + count(unclear, "key") + " of the user is not known"
		})
	}
	return isKept(func(s *subject) string {
		active, _ := countActive(s.user)
		return count(active, "Active key")
	})
}

// countActive returns how many keys are known to be Active, and of how many it
// is not known whether they are.
func countActive(u *accesskey.User) (active, unclear int) {
	keys, _ := u.Keys.Get()
	for i := range keys {
		status, ok := keys[i].Status.Get()
		switch {
		case ok && status == accesskey.Active:
			active++
		case !ok || !status.Known():
			unclear++
		}
	}
	return active, unclear
}

// passwordUnused: a console password, enabled, not used for longer than
// Unused; where never used, set longer ago than that. CIS judges it so: "when
// password_enabled is TRUE and password_last_used is No_Information, ensure
// password_last_changed is less than 45 days ago".
func passwordUnused(s *subject) verdict {
	p, ok := s.user.Password.Get()
	switch {
	case !ok:
		return unknown(func(s *subject) string {
			return "whether the user has a console password could not be read: " + s.user.Password.Why()
		})
	case !p.Enabled:
		return isKept(func(*subject) string { return "the user has no console password" })
	case passwordRestsSince(s).IsZero() && !s.user.Created.IsZero() && s.now.Sub(s.user.Created) <= s.rules.Unused:
		return isKept(func(s *subject) string {
			return "never used, and its user was created " + about(s.now.Sub(s.user.Created)) + " ago, within the limit of " + exactly(s.rules.Unused)
		})
	case passwordRestsSince(s).IsZero():
		return unknown(func(*subject) string { return "the password was never used, and AWS does not say since when it exists" })
	case s.now.Sub(passwordRestsSince(s)) <= s.rules.Unused:
		return isKept(func(s *subject) string {
			return sayPasswordRest(s) + ", within the limit of " + exactly(s.rules.Unused)
		})
	}
	return isBroken(func(s *subject) string {
		return sayPasswordRest(s) + ", " + about(s.now.Sub(passwordRestsSince(s))-s.rules.Unused) + " past the limit of " + exactly(s.rules.Unused)
	})
}

// passwordRestsSince is when the password was last used or, where never, set;
// zero: not known.
func passwordRestsSince(s *subject) time.Time {
	p, _ := s.user.Password.Get()
	if p.LastUsed.IsZero() {
		return p.LastChanged
	}
	return p.LastUsed
}

func sayPasswordRest(s *subject) string {
	p, _ := s.user.Password.Get()
	ago := about(s.now.Sub(passwordRestsSince(s))) + " ago"
	if p.LastUsed.IsZero() {
		return "console password never used since it was set " + ago
	}
	return "console password last used " + ago
}

// signingCertificate: an active one. Few still know that they have any.
func signingCertificate(s *subject) verdict {
	if !s.certificate.Active {
		return isKept(func(*subject) string { return "the signing certificate is not active" })
	}
	return isBroken(func(s *subject) string {
		if s.certificate.Changed.IsZero() {
			return "active X.509 signing certificate, which signs requests as a key does"
		}
		return "active X.509 signing certificate, uploaded or changed " + about(s.now.Sub(s.certificate.Changed)) + " ago, which signs requests as a key does"
	})
}

// serviceCredential: an active one, that has not expired.
func serviceCredential(s *subject) verdict {
	c := s.credential
	switch {
	case c.Status == accesskey.Inactive || c.Status == accesskey.Expired:
		return isKept(func(s *subject) string { return "the credential is " + string(s.credential.Status) })
	case !c.Expires.IsZero() && !s.now.Before(c.Expires):
		return isKept(func(s *subject) string {
			return "the credential expired " + about(s.now.Sub(s.credential.Expires)) + " ago"
		})
	case c.Status != accesskey.Active:
		return unknown(func(s *subject) string {
			return "the credential's status " + quoted(string(s.credential.Status)) + " is not one this program knows"
		})
	}
	return isBroken(sayServiceCredential)
}

func sayServiceCredential(s *subject) string {
	c := s.credential
	text := "long-lived credential for " + c.Service
	if !c.Created.IsZero() {
		text += ", created " + about(s.now.Sub(c.Created)) + " ago"
	}
	if c.Expires.IsZero() {
		return text + ", which never expires"
	}
	return text + ", which expires in " + about(c.Expires.Sub(s.now))
}
