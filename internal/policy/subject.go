package policy

import (
	"strings"
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

	quarantine string // name of AWS's quarantine policy attached to the user; empty: none, or unknown
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
}

func (s *subject) setUser(u *accesskey.User) {
	s.user, s.root = u, u.Name == RootUser
	s.owner, s.owned = "", false
	policies, _ := u.ManagedPolicies.Get()
	s.quarantine = quarantinePolicy(policies)
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
}

// used reports that a use of the key is known.
func (f *keyFacts) used() bool { return f.hasUse && !f.use.Never() }

// neverUsed reports that AWS is known to know of no use.
func (f *keyFacts) neverUsed() bool { return f.hasUse && f.use.Never() }

// quarantinePolicy returns the name of AWS's quarantine policy among ARNs:
// AWSCompromisedKeyQuarantine, …V2 or …V3, as an AWS managed policy (account
// "aws") of any partition. A customer's policy of the same name is not AWS's
// word. https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html
func quarantinePolicy(arns []string) string {
	const prefix = ":iam::aws:policy/"
	for _, arn := range arns {
		i := strings.Index(arn, prefix)
		if i < 0 {
			continue
		}
		if name := arn[i+len(prefix):]; strings.HasPrefix(name, "AWSCompromisedKeyQuarantine") {
			return name
		}
	}
	return ""
}

// privileged reports whether the user is known to be admin-like.
func (s *subject) privileged() bool {
	p, ok := s.user.Privilege.Get()
	return s.root || ok && p.Admin
}

// Root returns the root user of an inventory as a user, to be explained like
// one: its name is RootUser, and it is always privileged. It has no tags,
// groups or attached policies.
func Root(inv accesskey.Inventory) accesskey.User {
	return accesskey.User{
		Name: RootUser,
		ARN:  "arn:" + inv.Account.Partition + ":iam::" + inv.Account.ID + ":root",
		Path: "/",
		Tags: accesskey.Unread[map[string]string]("the root user carries no tags"),
		Privilege: accesskey.Observed(accesskey.Privilege{
			Admin: true, Why: "the root user can do everything in its account",
		}, inv.ObservedAt, "IAM's definition of the root user"),
		Keys:                inv.Root.Keys,
		Password:            inv.Root.Password,
		SigningCertificates: inv.Root.SigningCertificates,
	}
}
