package locate

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// NotChecked is why nothing is known of a key that nobody asked AWS about.
const NotChecked = "not checked"

// Holder is what AWS tells about a key found on this machine.
type Holder struct {
	Account accesskey.Fact[string] // twelve digits
	ARN     accesskey.Fact[string] // of the user, the root user or the session
	User    accesskey.Fact[string] // IAM user name

	// Works says whether AWS accepts the key with the secret that lies beside
	// it. Where it doesn't, Refusal says why, in AWS's terms.
	Works   accesskey.Fact[bool]
	Refusal string

	// Of keys in the account that the session can read.
	Status   accesskey.Fact[accesskey.Status]
	Created  accesskey.Fact[time.Time] // UTC, to the second
	LastUsed accesskey.Fact[accesskey.LastUse]
}

// Unchecked is a Holder about whom nobody asked, and why.
func Unchecked(why string) Holder {
	return Holder{
		Account: accesskey.Unread[string](why), ARN: accesskey.Unread[string](why), User: accesskey.Unread[string](why),
		Works: accesskey.Unread[bool](why), Status: accesskey.Unread[accesskey.Status](why),
		Created: accesskey.Unread[time.Time](why), LastUsed: accesskey.Unread[accesskey.LastUse](why),
	}
}

const (
	askers   = 8                // keys asked about at once
	patience = 15 * time.Second // for each key, retries included
)

// Identify asks AWS about each key, by its ID and with the session's own
// credentials (sts:GetAccessKeyInfo); then, if the session's account is the
// key's, for user, status, age and last use. With try, keys whose secret was
// found also sign for themselves (sts:GetCallerIdentity), which tells whether
// they work and whose they are without any permission, but which AWS counts as
// a use of the key.
//
// The result has one Holder for each key, in order. What AWS should have
// answered and didn't is a Failure; that a key is refused or of another account
// isn't.
func Identify(ctx context.Context, session *awsapi.Session, keys []LocalKey, try bool) ([]Holder, []accesskey.Failure) {
	holders := make([]Holder, len(keys))
	failed := make([][]accesskey.Failure, len(keys))
	var group errgroup.Group
	group.SetLimit(askers)
	for i, key := range keys {
		group.Go(func() error {
			bounded, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			q := question{ctx: bounded, session: session, key: key, try: try, holder: Unchecked(NotChecked)}
			q.ask()
			holders[i], failed[i] = q.holder, q.failures
			return nil
		})
	}
	_ = group.Wait() // no part fails as a whole
	var failures []accesskey.Failure
	for _, some := range failed {
		failures = append(failures, some...)
	}
	return holders, failures
}

// question is everything asked about one key.
type question struct {
	ctx      context.Context
	session  *awsapi.Session
	key      LocalKey
	try      bool
	holder   Holder
	failures []accesskey.Failure
}

func (q *question) ask() {
	if q.try && !q.key.Secret.Empty() {
		q.askWithKey()
	}
	if !q.holder.Account.Known() && len(q.failures) == 0 {
		q.askByID()
	}
	if account, ok := q.holder.Account.Get(); ok && !q.key.ID.Temporary() {
		q.askAccount(account)
	}
}

// fromIdentity is the source of what the key itself was asked.
const fromIdentity = "sts:GetCallerIdentity"

// askWithKey signs with the key itself.
func (q *question) askWithKey() {
	id, err := q.session.IdentityOf(q.ctx, q.key.ID, q.key.Secret, q.key.Token)
	now := q.session.Now()
	switch class := awsapi.ClassOf(err); class {
	case awsapi.None:
		q.holder.Works = accesskey.Observed(true, now, fromIdentity)
		q.identified(id)
	case awsapi.CredentialsInvalid, awsapi.CredentialsExpired, awsapi.CredentialsMissing:
		q.holder.Works = accesskey.Observed(false, now, fromIdentity)
		q.holder.Refusal = refusal(err)
	default:
		q.holder.Works = accesskey.Unread[bool](q.failed(err))
	}
}

func (q *question) identified(id awsapi.Identity) {
	now := q.session.Now()
	q.holder.Account = accesskey.Observed(id.Account, now, fromIdentity)
	q.holder.ARN = accesskey.Observed(id.ARN, now, fromIdentity)
	if name := userIn(id.ARN); name != "" {
		q.holder.User = accesskey.Observed(name, now, fromIdentity)
	}
}

// refusal explains why AWS doesn't take a key: the code tells more than the
// class. https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
func refusal(err error) string {
	var answer *awsapi.Error
	if !errors.As(err, &answer) {
		return "refused"
	}
	switch answer.Code {
	case "InvalidClientTokenId":
		return "deleted or inactive"
	case "SignatureDoesNotMatch":
		return "the secret beside it is wrong"
	case "ExpiredToken", "ExpiredTokenException":
		return "expired"
	}
	return "refused: " + answer.Code
}

// userIn returns the IAM user's name in an ARN; empty for root and sessions.
func userIn(arn string) string {
	_, resource, ok := strings.Cut(arn, ":user/")
	if !ok {
		return ""
	}
	return resource[strings.LastIndexByte(resource, '/')+1:]
}

// askByID needs credentials of the session, but none of the key's. Where they
// are the same key, STS tells more.
func (q *question) askByID() {
	if own, err := q.session.KeyID(q.ctx); err == nil && own == q.key.ID {
		if id, err := q.session.Identity(q.ctx); err == nil {
			q.identified(id)
			return
		}
	}
	account, err := q.session.KeyAccount(q.ctx, q.key.ID)
	if err != nil {
		q.holder.Account = accesskey.Unread[string](q.why(err))
		return
	}
	q.holder.Account = accesskey.Observed(account, q.session.Now(), "sts:GetAccessKeyInfo")
}

// askAccount reads the key's facts where the session's account is the key's.
func (q *question) askAccount(account string) {
	own, err := q.session.Identity(q.ctx)
	if err != nil {
		q.facts(q.why(err))
		return
	}
	if own.Account != account {
		q.facts("the credentials in use are of account " + own.Account)
		return
	}
	q.askUser()
}

func (q *question) askUser() {
	use, name, err := q.session.KeyLastUsed(q.ctx, q.key.ID)
	now := q.session.Now()
	if err == nil {
		q.holder.LastUsed = accesskey.Observed(use, now, "iam:GetAccessKeyLastUsed")
		q.holder.User = accesskey.Observed(name, now, "iam:GetAccessKeyLastUsed")
	} else {
		q.holder.LastUsed = accesskey.Unread[accesskey.LastUse](q.why(err))
	}
	switch user, ok := q.holder.User.Get(); {
	case !ok:
		q.facts(q.holder.LastUsed.Why())
	case user == "" || strings.HasPrefix(user, "<"): // <root_account>
		q.facts("AWS doesn't list the root user's keys")
	default:
		q.askListing(user)
	}
}

func (q *question) askListing(user string) {
	const call = "iam:ListAccessKeys"
	keys, err := q.session.Keys(q.ctx, user)
	if err != nil {
		q.facts(q.why(err))
		return
	}
	now := q.session.Now()
	for _, key := range keys {
		if key.ID == q.key.ID {
			q.holder.Status = accesskey.Observed(key.Status, now, call)
			q.holder.Created = accesskey.Observed(key.Created, now, call)
			return
		}
	}
	q.facts("its user no longer has it")
}

// facts says why the key's facts are unknown, unless they are known.
func (q *question) facts(why string) {
	if !q.holder.Status.Known() {
		q.holder.Status = accesskey.Unread[accesskey.Status](why)
	}
	if !q.holder.Created.Known() {
		q.holder.Created = accesskey.Unread[time.Time](why)
	}
	if !q.holder.LastUsed.Known() {
		q.holder.LastUsed = accesskey.Unread[accesskey.LastUse](why)
	}
}

// why turns an error into the reason for which a fact is unknown. That the
// session has no usable credentials, or that AWS knows no such key, are
// answers; the rest are failures.
func (q *question) why(err error) string {
	switch awsapi.ClassOf(err) {
	case awsapi.CredentialsMissing:
		return NotChecked + ": no AWS credentials to look with"
	case awsapi.CredentialsInvalid, awsapi.CredentialsExpired:
		return NotChecked + ": AWS refuses the credentials to look with"
	case awsapi.NotFound:
		return "AWS knows no such key"
	}
	return q.failed(err)
}

func (q *question) failed(err error) string {
	account, _ := q.holder.Account.Get()
	user, _ := q.holder.User.Get()
	failure := awsapi.NewFailure(account, user, err)
	q.failures = append(q.failures, failure)
	if class := awsapi.Class(failure.Class); class == awsapi.Network || class == awsapi.Canceled {
		return NotChecked + ": AWS did not answer"
	}
	return NotChecked + ": " + failure.Call + ": " + failure.Class
}
