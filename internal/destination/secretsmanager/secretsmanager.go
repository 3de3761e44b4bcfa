// Package secretsmanager delivers a key to a secret of AWS Secrets Manager, in
// this or another account and region.
//
// The secret holds a JSON object. Its fields are recognised by their names and
// keep them; every other byte stays as it is. An empty object gets username,
// accessKeyId and secretAccessKey.
//
// Delivery is a true compare-and-set. A version is stored beside the current
// one, under the staging label KEYTEND, which nobody reads; its ID follows from
// the version expected and the key, so that a repeated call stores it once.
// Then AWSCURRENT is moved with RemoveFromVersionId set to the version expected,
// which AWS refuses if somebody moved it meanwhile. The old version stays as
// AWSPREVIOUS.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
//
// It never creates, deletes or restores a secret, and refuses those that somebody
// else rotates.
package secretsmanager

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/destination/stored"
	"github.com/keytend/keytend/internal/rotation"
)

// Kind is the name before the colon.
const Kind = "secretsmanager"

const (
	current = "AWSCURRENT"
	staged  = "KEYTEND"
	largest = 65536 // bytes of a secret's text
)

// Store is what is needed of Secrets Manager in the secret's region. Its errors
// say by methods NotDone, Denied, NotFound and TooLate what they are; see package
// stored.
type Store interface {
	// Value reads the version that AWSCURRENT is attached to.
	Value(ctx context.Context, id string) (text accesskey.Secret, version string, err error)
	// Keeper says what else writes the secret, or stands in the way; empty: nothing.
	Keeper(ctx context.Context, id string) (string, error)
	// Put stores a version with a label; the same text under the same version
	// is done once. It is not signed from until on; zero: no bound.
	Put(ctx context.Context, id, version, label string, text accesskey.Secret, until time.Time) error
	// MoveLabel takes a label from one version, on which it must be, to
	// another; to empty: to none. It is not signed from until on.
	MoveLabel(ctx context.Context, id, label, from, to string, until time.Time) error
}

var (
	secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]{1,512}$`)
	secretARN  = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):\d{12}:secret:[A-Za-z0-9/_+=.@!-]{1,520}$`)
)

// Parse reads NAME-or-ARN[?region=…&key-field=…&secret-field=…]. An ARN's region
// is the secret's.
func Parse(where string) (stored.Spec, error) {
	spec, err := stored.Parse(where)
	if err != nil {
		return spec, err
	}
	arn := secretARN.FindStringSubmatch(spec.Name)
	switch {
	case arn != nil && spec.Region != "" && spec.Region != arn[1]:
		return spec, fmt.Errorf("the ARN is of region %s, not %s", arn[1], spec.Region)
	case arn != nil:
		spec.Region = arn[1]
	case !secretName.MatchString(spec.Name):
		return spec, fmt.Errorf("%q is neither name nor ARN of a secret", spec.Name)
	}
	return spec, nil
}

// Secret is one secret.
type Secret struct {
	label, id string
	region    string
	document  stored.Document
	store     Store
}

var (
	_ rotation.Destination = (*Secret)(nil)
	_ rotation.Restorer    = (*Secret)(nil)
)

// Surroundings are what a secret needs from outside.
type Surroundings struct {
	User   string // whose key it is, for an empty secret
	Region string // of a secret whose name says none
	Store  func(region string) Store
}

// Open returns the destination NAME-or-ARN[?region=…&key-field=…&secret-field=…].
func Open(where string, s Surroundings) (*Secret, error) {
	spec, err := Parse(where)
	if err != nil {
		return nil, err
	}
	if spec.Region == "" {
		spec.Region = s.Region
	}
	return &Secret{label: Kind + ":" + spec.String(), id: spec.Name, region: spec.Region, document: spec.Document(s.User), store: s.Store(spec.Region)}, nil
}

// Name implements rotation.Destination.
func (s *Secret) Name() string { return s.label }

// Region implements rotation.Regional.
func (s *Secret) Region() string { return s.region }

// Note says what Check can't find out.
func (s *Secret) Note() string {
	return "whether KMS lets us encrypt with the secret's key (kms:GenerateDataKey) shows only when it is written"
}

// Current implements rotation.Destination.
func (s *Secret) Current(ctx context.Context) (rotation.Held, error) {
	_, held, version, err := s.read(ctx)
	if err != nil {
		return rotation.Held{}, fmt.Errorf("read %s: %w", s.label, err)
	}
	return rotation.Held{Key: held.ID, Version: rotation.Version(version), Readable: true}, nil
}

func (s *Secret) read(ctx context.Context) (text string, held rotation.Credential, version string, err error) {
	value, version, err := s.store.Value(ctx, s.id)
	if err != nil {
		return "", held, "", err
	}
	text = value.Reveal()
	held, err = s.document.Read(text)
	return text, held, version, err
}

// Deliver implements rotation.Destination.
func (s *Secret) Deliver(ctx context.Context, expect rotation.Version, next rotation.Credential) (rotation.Version, error) {
	version, err := s.replace(ctx, expect, string(next.ID), func(text string, held rotation.Credential) (string, error) {
		if held.ID == next.ID && held.Secret.Reveal() == next.Secret.Reveal() {
			return text, nil
		}
		return s.document.Write(text, next)
	})
	if err != nil {
		return "", fmt.Errorf("deliver to %s: %w", s.label, err)
	}
	return version, nil
}

// Previous implements rotation.Restorer.
func (s *Secret) Previous(ctx context.Context) ([]byte, rotation.Version, error) {
	text, _, version, err := s.read(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w", s.label, err)
	}
	return []byte(text), rotation.Version(version), nil
}

// Restore implements rotation.Restorer. Only the pair comes back: what people
// changed beside it meanwhile stays. It becomes a new version: the one it once
// was may have been removed by AWS.
func (s *Secret) Restore(ctx context.Context, expect rotation.Version, previous []byte) (rotation.Version, error) {
	was := string(previous)
	held, err := s.document.Read(was)
	if err != nil {
		return "", fmt.Errorf("restore %s: what was sealed: %w", s.label, stored.NotDone(err))
	}
	version, err := s.replace(ctx, expect, "restore "+string(held.ID), func(text string, _ rotation.Credential) (string, error) {
		return s.document.Restore(text, was)
	})
	if err != nil {
		return "", fmt.Errorf("restore %s: %w", s.label, err)
	}
	return version, nil
}

// replace is compare-and-set on the current version. Nobody reads what lies
// under KEYTEND, so that nothing counts as changed before AWSCURRENT is moved.
func (s *Secret) replace(ctx context.Context, expect rotation.Version, purpose string, edit func(string, rotation.Credential) (string, error)) (rotation.Version, error) {
	text, held, version, err := s.read(ctx)
	if err != nil {
		return "", stored.NotDone(err)
	}
	want, err := edit(text, held)
	switch {
	case err != nil:
		return "", stored.NotDone(err)
	case want == text:
		return rotation.Version(version), nil
	case version != string(expect):
		return "", stored.Changed(fmt.Sprintf("version %s with key %s stands there", version, orNone(held.ID)))
	case len(want) > largest:
		return "", stored.NotDone(fmt.Errorf("its text would have %d bytes; Secrets Manager takes %d", len(want), largest))
	}
	next := versionOf(version, purpose)
	if err := s.store.Put(ctx, s.id, next, staged, accesskey.NewSecret(want), rotation.Until(ctx)); err != nil {
		return "", stored.NotDone(err)
	}
	err = s.settle(ctx, version, next, s.store.MoveLabel(ctx, s.id, current, version, next, rotation.Until(ctx)))
	if err == nil || stored.Certain(err) {
		s.unstage(ctx, next)
	}
	return rotation.Version(next), markOutcome(err)
}

// versionOf is the ID of the version that follows another: the same for the
// same step, however often it is tried.
func versionOf(before, purpose string) string {
	sum := sha256.Sum256([]byte("keytend\x00" + before + "\x00" + purpose))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// settle finds out what became of moving AWSCURRENT from one version to the
// next, where AWS didn't simply say that it is done.
func (s *Secret) settle(ctx context.Context, from, to string, moved error) error {
	if moved == nil {
		return nil
	}
	_, version, err := s.store.Value(ctx, s.id)
	switch {
	case err != nil:
		return moved
	case version == to:
		return nil
	case version != from:
		return lost{version, stored.Certain(moved), moved}
	}
	return moved
}

// lost is a lost race. Where our own request got no answer, it may have come
// first and been overwritten.
type lost struct {
	version string
	clean   bool
	moved   error
}

func (l lost) Error() string { return "version " + l.version + " stands there now" }
func (l lost) Unwrap() error { return l.moved }
func (l lost) NotDone() bool { return l.clean }

// markOutcome says it in rotation's words.
func markOutcome(err error) error {
	var l lost
	switch raced := errors.As(err, &l); {
	case raced && l.clean:
		return stored.Changed(l.Error())
	case raced:
		return fmt.Errorf("%s: %w", l.Error(), rotation.ErrChanged)
	}
	return stored.Outcome(err)
}

// unstage takes KEYTEND away. Left behind it does no harm: the next delivery
// moves it.
func (s *Secret) unstage(ctx context.Context, version string) {
	_ = s.store.MoveLabel(ctx, s.id, staged, version, "", time.Time{})
}

func orNone(id accesskey.ID) string {
	if id == "" {
		return "(none)"
	}
	return string(id)
}

// Check implements rotation.Destination. It tries every right that can be tried
// without changing anything; see Note for the rest.
func (s *Secret) Check(ctx context.Context) error {
	if err := s.check(ctx); err != nil {
		return fmt.Errorf("check %s: %w", s.label, err)
	}
	return nil
}

func (s *Secret) check(ctx context.Context) error {
	keeper, err := s.store.Keeper(ctx, s.id)
	switch {
	case stored.Missing(err):
		return fmt.Errorf("%w; create it first, with the text {}", err)
	case err != nil:
		return err
	case strings.HasPrefix(keeper, "deletion"):
		return fmt.Errorf("the secret is marked for deletion (%s): restore it, or deliver elsewhere", keeper)
	case keeper != "":
		return fmt.Errorf("somebody else writes this secret (%s): leave the key to that, or switch that off first", keeper)
	}
	text, _, version, err := s.read(ctx)
	switch {
	case stored.Missing(err):
		return fmt.Errorf("%w; give it a first value: the text {}", err)
	case err != nil:
		return err
	case len(text)+2*longestField > largest:
		return fmt.Errorf("its text has %d bytes; Secrets Manager takes %d", len(text), largest)
	}
	return s.try(ctx, text, version)
}

// longestField is more than any key ID, secret or field name adds.
const longestField = 256

// nowhere is a version that no secret has.
const nowhere = "00000000-0000-0000-0000-000000000000"

// try makes the two calls that change something so that they can't: storing the
// version that stands there under its own ID does nothing, and taking a label
// from a version that doesn't exist is refused.
func (s *Secret) try(ctx context.Context, text, version string) error {
	if err := s.store.Put(ctx, s.id, version, staged, accesskey.NewSecret(text), time.Time{}); err != nil {
		return err
	}
	err := s.store.MoveLabel(ctx, s.id, staged, nowhere, "", time.Time{})
	if stored.Denied(err) || err != nil && !stored.Certain(err) {
		return err
	}
	return nil
}
