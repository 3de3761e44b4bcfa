package rotationlambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/destination/stored"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

const (
	current = "AWSCURRENT"
	pending = "AWSPENDING"
)

// visit is one secret under one invocation.
type visit struct {
	f       *Function
	arn     string
	tags    map[string]string // of the secret, as this invocation found them
	subject accesskey.Subject
	user    accesskey.User // as last read

	step          step   // empty: the reaper
	token         string // the version this rotation is about; empty: the reaper
	rotationToken string

	journal *journal
	rotator *rotation.Rotator
	self    *place
	made    rotation.Credential // by this invocation
	ends    time.Time           // this invocation's end, AWS's time
	over    error               // why this rotation can't be gone on with
}

// invocationAtMost is Lambda's limit, where nobody says when this one ends.
const invocationAtMost = 15 * time.Minute

// open begins to work on a secret: its user is read.
func (f *Function) open(ctx context.Context, d awsapi.SecretDescription, e Event) (*visit, error) {
	v := &visit{f: f, arn: d.ARN, tags: d.Tags, token: e.Token, rotationToken: e.RotationToken, step: stepOf(e.Step)}
	v.subject = accesskey.Subject{Account: f.Account, User: d.Tags[UserTag]}
	switch {
	case v.subject.User == "":
		return nil, fmt.Errorf("secret %s has no tag %s that names the IAM user whose key it holds: set it, or run `keytend secret adopt %s --user USER`", d.ARN, UserTag, d.Name)
	case !d.Deleted.IsZero():
		return nil, v.wrong("the secret is marked for deletion: restore it first")
	case d.PrimaryRegion != "" && d.PrimaryRegion != f.Region:
		return nil, v.wrong("this is a replica of the secret in %s: rotate it there", d.PrimaryRegion)
	}
	v.ends = f.Rotator.Clock.Now().Add(timeLeft(ctx))
	v.wire()
	user, known := v.rotator.Keys.User(ctx, v.subject).Get()
	switch {
	case !known:
		return nil, v.wrong("read the user: %s", v.rotator.Keys.User(ctx, v.subject).Why())
	case user.ID == "":
		return v.userless(d)
	}
	v.subject.UserID = user.ID
	return v, nil
}

// userless: the account has no such user. No step of a rotation can be taken; one
// that was under way must come to an end all the same.
func (v *visit) userless(d awsapi.SecretDescription) (*visit, error) {
	if latest, err := unpack(d.Tags); err == nil && v.step == "" && latest.Record.Live() && latest.Record.Subject.User == v.subject.User {
		v.subject.UserID = latest.Record.Subject.UserID
		return v, nil
	}
	return nil, v.wrong("the account has no such user: set the secret's tag %s right", UserTag)
}

func timeLeft(ctx context.Context) time.Duration {
	if deadline, set := ctx.Deadline(); set {
		return time.Until(deadline)
	}
	return invocationAtMost
}

// wire puts the function's own ports into a copy of the rotator.
func (v *visit) wire() {
	r := v.f.Rotator
	v.journal = &journal{store: v.f.Store, arn: v.arn, clock: r.Clock, sleep: v.f.Sleep, log: v.f.Log, alarms: &v.f.alarms}
	v.journal.rebuild = v.rebuilt
	v.self = newPlace(v)
	r.Journal, r.Escrow, r.Freezer = v.journal, escrow{v}, nil
	r.Keys, r.Mutations, r.Tags = keys{r.Keys, v}, mutations{r.Mutations, v}, tags{r.Tags, v}
	r.Holder = v.f.Name + "@" + strconv.FormatInt(v.ends.Unix(), 10)
	r.Holders = holders{r.Clock}
	r.Command = v.command
	decide, further := r.Decide, r.Destination
	r.Decide = func(in policy.Input, now time.Time) policy.Step { return v.bounded(decide(in, now), in.Record, now) }
	r.Destination = func(subject accesskey.Subject, name string) (rotation.Destination, error) {
		if name == v.self.Name() {
			return v.self, nil
		}
		d, err := further(subject, name)
		if err != nil {
			return nil, err
		}
		return elsewhere(d, v), nil
	}
	v.rotator = &r
}

// command is what a person types about a secret's record.
func (v *visit) command(_, answer string) string {
	return "keytend secret resolve " + v.arn + " " + answer
}

// holders knows that an invocation is dead once its time is over: Lambda has
// killed it then. Each carries its end in its name.
type holders struct{ clock rotation.Clock }

// Dead implements rotation.Holders.
func (h holders) Dead(_ context.Context, holder string) bool {
	_, text, _ := strings.Cut(holder, "@")
	ends, err := strconv.ParseInt(text, 10, 64)
	return err == nil && h.clock.Now().After(time.Unix(ends, 0))
}

// wrong is an error for people: of which account, user and secret.
func (v *visit) wrong(format string, args ...any) error {
	return fmt.Errorf("account %s, user %s, secret %s: "+format, append([]any{v.f.Account, v.subject.User, v.arn}, args...)...)
}

// alarm tells people, through the log.
func (v *visit) alarm(ctx context.Context, what string, attrs ...any) {
	v.f.alarms++
	attrs = append(attrs, slog.Bool("alert", true), slog.String("account", v.f.Account), slog.String("user", v.subject.User), slog.String("secret", v.arn))
	v.f.Log.ErrorContext(ctx, what, attrs...)
}

// live is the record under way; the zero record: none.
func (v *visit) live(ctx context.Context) (accesskey.Record, error) {
	r, err := v.journal.Fetch(ctx, v.subject)
	if errors.Is(err, rotation.ErrNoRecord) {
		return accesskey.Record{}, nil
	}
	if err != nil {
		return r, v.wrong("%w", err)
	}
	return r, nil
}

// pair reads the key pair in one version of the secret. A version without a
// value holds the zero pair.
func (v *visit) pair(ctx context.Context, version, label string) (rotation.Credential, error) {
	text, err := v.f.Store.ValueOf(ctx, v.arn, version, label)
	switch {
	case stored.Missing(err):
		return rotation.Credential{}, nil
	case err != nil:
		return rotation.Credential{}, err
	}
	return document.Read(text.Reveal())
}

// labels are the versions that AWSCURRENT and AWSPENDING are on, read now;
// empty: none.
func (v *visit) labels(ctx context.Context) (now, next string, err error) {
	d, err := v.f.Store.Describe(ctx, v.arn)
	return d.Labelled(current), d.Labelled(pending), err
}

// unlabel takes AWSPENDING off a version. Nothing reads it there.
func (v *visit) unlabel(ctx context.Context, version string) error {
	err := v.f.Store.MoveLabel(ctx, v.arn, pending, version, "", time.Time{})
	if err == nil {
		return nil
	}
	if _, next, failed := v.labels(ctx); failed == nil && next != version {
		return nil
	}
	return fmt.Errorf("take %s off version %s: %w", pending, version, err)
}
