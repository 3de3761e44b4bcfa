package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// check is one rule: what it looks at, how it judges, and what it says.
type check struct {
	rule     Rule
	summary  string
	of       scope
	whom     whom
	severity Severity // raised one step for who is admin-like, where raise
	raise    bool

	judge    func(*subject) verdict
	due      func(*subject) time.Time     // when the rule is or was to be met; nil: at once
	limited  func(*subject) time.Duration // what the controls' own limits are held against; nil: nothing
	evidence []func(*subject) Evidence
}

// scope is what a check is applied to, once for each.
type scope int

const (
	aKey scope = iota
	aUser
	aCertificate
	aCredential
)

// whom a check is about.
type whom int

const (
	users whom = iota
	rootUser
	everybody
)

func (w whom) includes(root bool) bool {
	return w == everybody || root == (w == rootUser)
}

// verdict is a check's answer. The sentence is a function without memory, so
// that a rule that is kept costs nothing.
type verdict struct {
	state    State
	say      func(*subject) string
	severity Severity // in place of the check's own; 0: that one
	stale    bool     // unknown only for how long ago a fact was read
}

func isBroken(say func(*subject) string) verdict { return verdict{state: Broken, say: say} }
func isKept(say func(*subject) string) verdict   { return verdict{state: Kept, say: say} }
func unknown(say func(*subject) string) verdict  { return verdict{state: Unknown, say: say} }

// checks are all rules, in the order in which they are explained: the worst
// first, what is about other credentials last.
var checks = []check{
	// Somebody else has it: AWS found a key of this user in public.
	{
		rule: KeyQuarantined, of: aKey, whom: users, severity: Critical, raise: true,
		summary:  "AWS has put the key's user in quarantine (AWSCompromisedKeyQuarantine…), because a key of it was found in public",
		judge:    keyQuarantined,
		evidence: []func(*subject) Evidence{quarantineEvidence, statusEvidence, createdEvidence, lastUsedEvidence},
	},
	// Nothing can limit it: it belongs to the root user.
	{
		rule: RootAccessKey, of: aKey, whom: rootUser, severity: Critical,
		summary:  "the root user has an access key that is Active, or not known to be off",
		judge:    rootAccessKey,
		evidence: []func(*subject) Evidence{statusEvidence, createdEvidence, lastUsedEvidence},
	},
	// It has lived too long.
	{
		rule: KeyTooOld, of: aKey, whom: users, severity: Medium, raise: true,
		summary:  "an Active key is older than the limit",
		judge:    keyTooOld,
		due:      func(s *subject) time.Time { return s.key.created.Add(s.rules.MaxAge) },
		limited:  func(s *subject) time.Duration { return s.key.age },
		evidence: []func(*subject) Evidence{statusEvidence, createdEvidence, lastUsedEvidence},
	},
	// It will soon have lived too long.
	{
		rule: KeyDueSoon, of: aKey, whom: users, severity: Low, raise: true,
		summary:  "an Active key will soon be older than the limit",
		judge:    keyDueSoon,
		due:      func(s *subject) time.Time { return s.key.created.Add(s.rules.MaxAge) },
		evidence: []func(*subject) Evidence{statusEvidence, createdEvidence, lastUsedEvidence},
	},
	// Nobody has used it for long.
	{
		rule: KeyUnused, of: aKey, whom: users, severity: Medium, raise: true,
		summary:  "an Active key has not been used for longer than the limit",
		judge:    keyUnused,
		due:      func(s *subject) time.Time { return s.key.use.At.Add(s.rules.Unused) },
		limited:  func(s *subject) time.Duration { return s.key.rest - s.key.unseen },
		evidence: []func(*subject) Evidence{statusEvidence, lastUsedEvidence, createdEvidence},
	},
	// Nobody has ever used it, and there was time to.
	{
		rule: KeyNeverUsed, of: aKey, whom: users, severity: Medium, raise: true,
		summary:  "an Active key was never used, though it is older than the limit for unused keys",
		judge:    keyNeverUsed,
		due:      func(s *subject) time.Time { return s.key.created.Add(s.rules.Unused) },
		limited:  func(s *subject) time.Duration { return s.key.age - s.key.unseen },
		evidence: []func(*subject) Evidence{statusEvidence, lastUsedEvidence, createdEvidence},
	},
	// One too many: a second key is for the days of a rotation.
	{
		rule: MultipleActiveKeys, of: aUser, whom: users, severity: Low, raise: true,
		summary:  "a user has more than one Active key",
		judge:    multipleActiveKeys,
		evidence: []func(*subject) Evidence{activeKeysEvidence},
	},
	// Nobody asked for it: it was ticked when the user was set up.
	{
		rule: ConsoleKeyAtSetup, of: aKey, whom: users, severity: Low, raise: true,
		summary:  "a user with a console password has an Active key that was made when the user was",
		judge:    consoleKeyAtSetup,
		evidence: []func(*subject) Evidence{passwordEvidence, userCreatedEvidence, createdEvidence, statusEvidence, lastUsedEvidence},
	},
	// Two have it: who of them did what nobody can tell, and one that is replaced
	// for one stops the other.
	{
		rule: KeyShared, of: aKey, whom: users, severity: Medium, raise: true,
		summary:  "an Active key is used from networks that have nothing to do with each other, as far as its uses are on record",
		judge:    keyShared,
		evidence: []func(*subject) Evidence{sharedEvidence, statusEvidence, lastUsedEvidence},
	},
	// It is off, but anybody who may update keys can switch it on again.
	{
		rule: InactiveKey, of: aKey, whom: everybody, severity: Info, raise: true,
		summary:  "an Inactive or Expired key has not been deleted",
		judge:    inactiveKey,
		evidence: []func(*subject) Evidence{statusEvidence, createdEvidence, lastUsedEvidence},
	},
	// Report-only from here: other long-lived credentials that the same
	// controls judge.
	{
		rule: PasswordUnused, of: aUser, whom: users, severity: Medium, raise: true,
		summary:  "a console password has not been used for longer than the limit",
		judge:    passwordUnused,
		due:      func(s *subject) time.Time { return passwordRestsSince(s).Add(s.rules.Unused) },
		limited:  func(s *subject) time.Duration { return s.now.Sub(passwordRestsSince(s)) },
		evidence: []func(*subject) Evidence{passwordEvidence},
	},
	{
		rule: SigningCertificate, of: aCertificate, whom: everybody, severity: Low, raise: true,
		summary:  "a user has an active X.509 signing certificate",
		judge:    signingCertificate,
		evidence: []func(*subject) Evidence{certificateEvidence},
	},
	{
		rule: ServiceCredential, of: aCredential, whom: users, severity: Low, raise: true,
		summary:  "a user has an active service-specific credential (CodeCommit, Keyspaces, Bedrock API key, …)",
		judge:    serviceCredential,
		evidence: []func(*subject) Evidence{credentialEvidence},
	},
}

// each calls visit for every check of every thing of one user, with the
// subject set to it: keys in their order, the user, certificates, credentials.
func (s *subject) each(visit func(*check)) {
	keys, _ := s.user.Keys.Get()
	for i := range keys {
		s.setKey(&keys[i])
		s.apply(aKey, visit)
	}
	s.key = keyFacts{}
	s.apply(aUser, visit)
	certificates, _ := s.user.SigningCertificates.Get()
	for i := range certificates {
		s.certificate = &certificates[i]
		s.apply(aCertificate, visit)
	}
	s.certificate = nil
	credentials, _ := s.user.ServiceCredentials.Get()
	for i := range credentials {
		s.credential = &credentials[i]
		s.apply(aCredential, visit)
	}
	s.credential = nil
}

func (s *subject) apply(of scope, visit func(*check)) {
	for i := range checks {
		if c := &checks[i]; c.of == of && c.whom.includes(s.root) {
			visit(c)
		}
	}
}

// Findings returns every rule broken in one account, ranked within it. The
// order of the users does not matter.
func Findings(inv accesskey.Inventory, r Rules, now time.Time) []Finding {
	var all pile
	var own []Finding // of one user, reused
	s := newSubject(&inv, &r, now)
	collect := func(u *accesskey.User) {
		s.setUser(u)
		own = own[:0]
		s.each(func(c *check) {
			if v := c.judge(s); v.state == Broken {
				own = append(own, s.finding(c, v))
			}
		})
		number(own)
		all.add(own)
	}
	root := Root(inv)
	collect(&root)
	for i := range inv.Users {
		collect(&inv.Users[i])
	}
	return ranked(all.order)
}

// Wanted returns the names of the users of whom a finding names an access key,
// or would if a stale fact were read again, in the order of the inventory: those
// whose key IDs are worth looking up, and whose facts are worth reading again
// where the report is old.
func Wanted(inv accesskey.Inventory, r Rules, now time.Time) []string {
	var names []string
	s := newSubject(&inv, &r, now)
	for i := range inv.Users {
		s.setUser(&inv.Users[i])
		hit := false
		s.each(func(c *check) {
			if !hit && !c.rule.ReportOnly() {
				v := c.judge(s)
				hit = v.state == Broken || v.stale
			}
		})
		if hit {
			names = append(names, inv.Users[i].Name)
		}
	}
	return names
}
