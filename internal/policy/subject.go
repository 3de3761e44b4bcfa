package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// subject is what a check looks at: a user, and one of its credentials where
// the check is about one. It is filled in once and used for all checks.
type subject struct {
	rules   *Rules
	now     time.Time
	account *accesskey.Account
	user    *accesskey.User
	root    bool

	groups     accesskey.Fact[[]accesskey.Group]
	fenced     map[string]string // group name to the quarantine policy attached to it, "" for none; nil: unknown
	quarantine quarantine
	owner      string
	owned      bool // owner has been looked up

	key         keyFacts
	certificate *accesskey.SigningCertificate
	credential  *accesskey.ServiceCredential
}

// keyFacts are a key's facts, unwrapped once for nine checks.
type keyFacts struct {
	*accesskey.Key
	status                  accesskey.Status
	created                 time.Time
	use                     accesskey.LastUse
	hasCreated, hasUse      bool
	isActive, isSwitchedOff bool // neither: unknown
	age, rest               time.Duration
	unseen                  time.Duration // of rest (or age): a use in it could not have been seen
}

// recent is how old the knowledge of a last use may be and yet count as of now.
// AWS publishes uses late, and in the credential report only the first of every
// 15 minutes.
const recent = 15 * time.Minute

func newSubject(inv *accesskey.Inventory, r *Rules, now time.Time) *subject {
	s := &subject{rules: r, now: now.UTC(), account: &inv.Account, groups: inv.Groups}
	if groups, ok := inv.Groups.Get(); ok {
		s.fenced = make(map[string]string, len(groups))
		for _, g := range groups {
			s.fenced[g.Name] = quarantinePolicy(g.ManagedPolicies)
		}
	}
	return s
}

func (s *subject) setUser(u *accesskey.User) {
	s.user, s.root = u, u.Name == RootUser
	s.owner, s.owned = "", false
	s.quarantine = s.findQuarantine()
}

func (s *subject) setKey(k *accesskey.Key) {
	s.key = keyFacts{Key: k}
	f := &s.key
	if status, ok := k.Status.Get(); ok {
		f.status = status
		f.isActive = status == accesskey.Active
		f.isSwitchedOff = status == accesskey.Inactive || status == accesskey.Expired
	}
	f.created, f.hasCreated = k.Created.Get()
	f.use, f.hasUse = k.LastUsed.Get()
	if f.hasCreated {
		f.age = s.now.Sub(f.created)
	}
	if f.hasUse && !f.use.Never() {
		f.rest = s.now.Sub(f.use.At)
	}
	if since := s.now.Sub(k.LastUsed.At()); f.hasUse && since > recent {
		f.unseen = since
	}
}

// used reports that a use of the key is known.
func (f *keyFacts) used() bool { return f.hasUse && !f.use.Never() }

// neverUsed reports that AWS is known to know of no use.
func (f *keyFacts) neverUsed() bool { return f.hasUse && f.use.Never() }

// privileged reports whether the user is known to be admin-like.
func (s *subject) privileged() bool {
	p, ok := s.user.Privilege.Get()
	return s.root || ok && p.Admin
}

// Root returns the root user of an inventory as a user, to be explained like
// one: its name is RootUser, and it is always privileged. It can have no tags,
// groups, attached policies or service-specific credentials.
func Root(inv accesskey.Inventory) accesskey.User {
	const source = "IAM's definition of the root user"
	return accesskey.User{
		Name: RootUser,
		ARN:  "arn:" + inv.Account.Partition + ":iam::" + inv.Account.ID + ":root",
		Path: "/",

		Tags:               accesskey.Observed(map[string]string{}, inv.ObservedAt, source),
		Groups:             accesskey.Observed([]string(nil), inv.ObservedAt, source),
		ManagedPolicies:    accesskey.Observed([]string(nil), inv.ObservedAt, source),
		ServiceCredentials: accesskey.Observed([]accesskey.ServiceCredential(nil), inv.ObservedAt, source),
		Privilege: accesskey.Observed(accesskey.Privilege{
			Admin: true, Why: "the root user can do everything in its account",
		}, inv.ObservedAt, source),
		Keys:                inv.Root.Keys,
		Password:            inv.Root.Password,
		SigningCertificates: inv.Root.SigningCertificates,
	}
}
