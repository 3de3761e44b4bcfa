package policy

import (
	"regexp"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// SecretGone is broken by a user whose key was rotated through a secret that is not
// there any more: nobody rotates the key, nor goes on with a rotation that was under
// way. No framework has a number for it.
const SecretGone Rule = "secret-gone"

// NamedSecret is the secret that a user's tag SecretTag names.
type NamedSecret struct {
	User   *accesskey.User
	Name   string // as the tag has it
	Region string // where it is, if anywhere; empty: the name is of no secret in this account
	Read   time.Time
}

// NamedSecrets are those that an account's users are rotated through. Users without a
// key have none, nor those whose tags are not known.
func NamedSecrets(inv accesskey.Inventory) []NamedSecret {
	var all []NamedSecret
	for i := range inv.Users {
		u := &inv.Users[i]
		tags, _ := u.Tags.Get()
		keys, listed := u.Keys.Get()
		if name := tags[SecretTag]; name != "" && (!listed || len(keys) > 0) {
			all = append(all, NamedSecret{User: u, Name: name, Region: regionOf(name, inv.Account.ID), Read: u.Tags.At()})
		}
	}
	return all
}

// region is what a region's name looks like: a tag may say anything, and the name
// becomes part of a host's.
var region = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)

// regionOf is where the secret of an ARN lies; empty: the text is no ARN of a secret
// in the account.
func regionOf(arn, account string) string {
	parts := strings.SplitN(arn, ":", 7)
	if len(parts) != 7 || parts[0] != "arn" || parts[2] != "secretsmanager" || parts[4] != account || parts[5] != "secret" || !region.MatchString(parts[3]) {
		return ""
	}
	return parts[3]
}

// Gone is the finding about a user whose secret is not there.
func (s NamedSecret) Gone(account string) Finding {
	u, marks, left, then := s.User, SecretTag, "", "hand the key to another secret with `keytend secret adopt`, or replace it"
	tags, _ := u.Tags.Get()
	admin, _ := u.Privilege.Get()
	f := Finding{
		Rule: SecretGone, Severity: Medium, Account: account, User: u.Name, UserARN: u.ARN, Subject: "secret " + s.Name, Privileged: admin.Admin,
		Evidence: []Evidence{{Fact: "secret", Value: s.Name, Source: u.Tags.Source(), ObservedAt: u.Tags.At()}},
	}
	if s.Region != "" {
		f.Evidence = append(f.Evidence, Evidence{Fact: "secret exists", Value: "no", Source: "secretsmanager:DescribeSecret", ObservedAt: s.Read})
	}
	if claim := tags[ClaimTag]; claim != "" {
		f.Severity, marks = High, marks+" "+ClaimTag
		left = ", nor goes on with the rotation that was under way (" + ClaimTag + "), which may have left two Active keys"
		then = "end the key that `keytend usage " + u.Name + "` shows nobody at, with `keytend retire`"
		f.Evidence = append(f.Evidence, Evidence{Fact: "claim", Value: claim, Source: u.Tags.Source(), ObservedAt: u.Tags.At()})
	}
	f.Reason = "the user's key was rotated through secret " + s.Name + " (the user's tag " + SecretTag + "), which does not exist in this account: nobody rotates it any more" + left +
		". Take the tags off (`aws iam untag-user --user-name " + u.Name + " --tag-keys " + marks + "`), then " + then
	return f
}
