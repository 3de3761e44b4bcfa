// Package ssm delivers a key to a SecureString parameter of AWS Systems
// Manager's Parameter Store.
//
// One parameter holds the whole pair as a JSON object, as a secret of Secrets
// Manager does (see package stored): of two parameters, one for the ID and one
// for the secret, a consumer could read one before and one after a change. A
// parameter that doesn't exist is made.
//
// # The window
//
// Parameter Store has no compare-and-set for a parameter that exists: PutParameter
// overwrites whatever stands there. Deliver reads the version number, writes, and
// looks at the number that AWS gives the new version. One more than was read means
// that nobody wrote in between. More means that somebody did, within the
// milliseconds between our two calls, and was overwritten: that is told as
// rotation.ErrChanged without rotation.ErrNotDone, with the number of the version
// that was overwritten, which the parameter's history still has. Goroutines that
// share a Parameter take turns. Creating a parameter is a true compare-and-set.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
//
// A version is the parameter's version number. A parameter that is deleted and
// made anew counts from 1 again.
package ssm

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/destination/stored"
	"github.com/keytend/keytend/internal/rotation"
)

// Kind is the name before the colon.
const Kind = "ssm"

const secureString = "SecureString"

// Store is what is needed of Parameter Store in the parameter's region. Its
// errors say by methods NotDone, Denied, NotFound and TooLate what they are; see
// package stored.
type Store interface {
	// Value reads the latest version, decrypted.
	Value(ctx context.Context, name string) (text accesskey.Secret, kind string, version int64, err error)
	// Create makes a SecureString where there is no parameter of that name. It
	// is not signed from until on; zero: no bound.
	Create(ctx context.Context, name string, text accesskey.Secret, until time.Time) (version int64, err error)
	// Replace writes the next version over whatever stands there, and keeps
	// everything but the value. It is sent once, and not signed from until on.
	Replace(ctx context.Context, name string, text accesskey.Secret, until time.Time) (version int64, err error)
	// TryReplace finds out whether Replace or Create would be denied, and
	// changes nothing.
	TryReplace(ctx context.Context, name string) error
}

var parameterName = regexp.MustCompile(`^/?[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*$`)

// Parse reads NAME[?region=…&key-field=…&secret-field=…].
func Parse(where string) (stored.Spec, error) {
	spec, err := stored.Parse(where)
	if err == nil && !parameterName.MatchString(spec.Name) {
		err = fmt.Errorf("%q is not the name of a parameter, like /prod/key (by ARN only other accounts' parameters are read, which can't be written)", spec.Name)
	}
	return spec, err
}

// Parameter is one parameter.
type Parameter struct {
	region      string
	label, name string
	document    stored.Document
	store       Store
	turn        chan struct{} // holds one: whoever takes it writes
}

var (
	_ rotation.Destination = (*Parameter)(nil)
	_ rotation.Restorer    = (*Parameter)(nil)
)

// Surroundings are what a parameter needs from outside.
type Surroundings struct {
	User   string // whose key it is, for a new parameter
	Region string // of a parameter whose name says none
	Store  func(region string) Store
}

// Open returns the destination NAME[?region=…&key-field=…&secret-field=…].
func Open(where string, s Surroundings) (*Parameter, error) {
	spec, err := Parse(where)
	if err != nil {
		return nil, err
	}
	if spec.Region == "" {
		spec.Region = s.Region
	}
	p := &Parameter{
		label: Kind + ":" + spec.String(), name: spec.Name, region: spec.Region, document: spec.Document(s.User), store: s.Store(spec.Region),
		turn: make(chan struct{}, 1),
	}
	p.turn <- struct{}{}
	return p, nil
}

// Name implements rotation.Destination.
func (p *Parameter) Name() string { return p.label }

// Region implements rotation.Regional.
func (p *Parameter) Region() string { return p.region }

// Note says what Check can't find out, and what Deliver can't prevent.
func (p *Parameter) Note() string {
	return "Parameter Store can't refuse a write that somebody else came before: who writes within the same moment is overwritten, " +
		"which is noticed and told; and whether KMS lets us encrypt with the parameter's key shows only when it is written"
}

// standing is what a parameter holds.
type standing struct {
	text   string
	held   rotation.Credential
	number int64 // zero: there is no parameter
}

func (s standing) version() rotation.Version {
	if s.number == 0 {
		return ""
	}
	return rotation.Version(strconv.FormatInt(s.number, 10))
}

func (s standing) String() string {
	if s.number == 0 {
		return "there is no parameter of that name"
	}
	return fmt.Sprintf("version %d stands there", s.number)
}

func (p *Parameter) read(ctx context.Context) (standing, error) {
	value, kind, number, err := p.store.Value(ctx, p.name)
	switch {
	case stored.Missing(err):
		return standing{text: stored.Empty}, nil
	case err != nil:
		return standing{}, err
	case kind != secureString:
		return standing{}, fmt.Errorf("the parameter is of type %s, which is not encrypted: a secret belongs in a SecureString", kind)
	}
	s := standing{text: value.Reveal(), number: number}
	s.held, err = p.document.Read(s.text)
	return s, err
}

// Check implements rotation.Destination.
func (p *Parameter) Check(ctx context.Context) error {
	_, err := p.read(ctx)
	if err == nil {
		err = p.store.TryReplace(ctx, p.name)
	}
	if err != nil {
		return fmt.Errorf("check %s: %w", p.label, err)
	}
	return nil
}

// Current implements rotation.Destination.
func (p *Parameter) Current(ctx context.Context) (rotation.Held, error) {
	s, err := p.read(ctx)
	if err != nil {
		return rotation.Held{}, fmt.Errorf("read %s: %w", p.label, err)
	}
	return rotation.Held{Key: s.held.ID, Version: s.version(), Readable: true}, nil
}

// Deliver implements rotation.Destination. See the package comment for what it
// can't prevent.
func (p *Parameter) Deliver(ctx context.Context, expect rotation.Version, next rotation.Credential) (rotation.Version, error) {
	version, err := p.replace(ctx, expect, func(s standing) (string, error) {
		if s.held.ID == next.ID && s.held.Secret.Reveal() == next.Secret.Reveal() {
			return s.text, nil
		}
		return p.document.Write(s.text, next)
	})
	if err != nil {
		return "", fmt.Errorf("deliver to %s: %w", p.label, err)
	}
	return version, nil
}

// Previous implements rotation.Restorer. Of a parameter that doesn't exist it is
// an empty object.
func (p *Parameter) Previous(ctx context.Context) ([]byte, rotation.Version, error) {
	s, err := p.read(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w", p.label, err)
	}
	return []byte(s.text), s.version(), nil
}

// Restore implements rotation.Restorer. Only the pair comes back: what people
// changed beside it meanwhile stays.
func (p *Parameter) Restore(ctx context.Context, expect rotation.Version, previous []byte) (rotation.Version, error) {
	version, err := p.replace(ctx, expect, func(s standing) (string, error) { return p.document.Restore(s.text, string(previous)) })
	if err != nil {
		return "", fmt.Errorf("restore %s: %w", p.label, err)
	}
	return version, nil
}

func (p *Parameter) replace(ctx context.Context, expect rotation.Version, edit func(standing) (string, error)) (rotation.Version, error) {
	select {
	case turn := <-p.turn:
		defer func() { p.turn <- turn }()
	case <-ctx.Done():
		return "", stored.NotDone(ctx.Err())
	}
	s, err := p.read(ctx)
	if err != nil {
		return "", stored.NotDone(err)
	}
	want, err := edit(s)
	switch {
	case err != nil:
		return "", stored.NotDone(err)
	case want == s.text:
		return s.version(), nil
	case s.version() != expect:
		return "", stored.Changed(s.String())
	}
	write := p.store.Replace
	if s.number == 0 {
		write = p.store.Create
	}
	number, err := write(ctx, p.name, accesskey.NewSecret(want), rotation.Until(ctx))
	if err != nil {
		return p.settle(ctx, s, want, err)
	}
	return alone(s.number, number)
}

// alone reports whether the version written follows the one that was read.
func alone(before, after int64) (rotation.Version, error) {
	if after != before+1 {
		return "", fmt.Errorf("somebody wrote version %d at the same moment, and our version %d came over it; the parameter's history has both: %w",
			after-1, after, rotation.ErrChanged)
	}
	return standing{number: after}.version(), nil
}

// settle finds out what became of a write that failed.
func (p *Parameter) settle(ctx context.Context, before standing, want string, failed error) (rotation.Version, error) {
	now, err := p.read(ctx)
	switch {
	case err != nil:
		return "", stored.Outcome(failed)
	case now.text == want && now.number > before.number:
		return alone(before.number, now.number)
	case stored.Certain(failed) && now.number != before.number:
		return "", stored.Changed(now.String())
	}
	return "", stored.Outcome(failed)
}
