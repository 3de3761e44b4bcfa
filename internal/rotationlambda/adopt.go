package rotationlambda

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// Adoption is a secret that somebody made by hand and that the function is to
// rotate from now on.
type Adoption struct {
	Secret   awsapi.SecretDescription
	User     accesskey.User
	Record   accesskey.Record // of the secret's rotation; zero: there was none yet
	Held     accesskey.ID     // the key in AWSCURRENT
	Fails    error            // why it does not work as the secret has it; nil: it does
	Function string           // ARN
	Deliver  []string         // further destinations, by name; those of the tag, until others are set
	Terms    accesskey.Terms
	Every    time.Duration // between two rotations
	MaxAge   time.Duration // of a key, as the policy has it; 0: any
}

// Adopt reads what an adoption is about.
func (f *Function) Adopt(ctx context.Context, id, user string) (Adoption, error) {
	d, err := f.Store.Describe(ctx, id)
	if err != nil {
		return Adoption{}, fmt.Errorf("account %s, secret %s: %w", f.Account, id, err)
	}
	a := Adoption{Secret: d, Deliver: strings.Fields(d.Tags[DeliverTag])}
	latest, err := unpack(d.Tags)
	if err != nil {
		return a, fmt.Errorf("account %s, secret %s: %w", f.Account, d.ARN, err)
	}
	a.Record = latest.Record
	fact := f.Rotator.Keys.User(ctx, accesskey.Subject{Account: f.Account, User: user})
	u, known := fact.Get()
	switch {
	case !known:
		return a, fmt.Errorf("account %s, user %s: %s", f.Account, user, fact.Why())
	case u.ID == "":
		return a, fmt.Errorf("account %s has no user %s", f.Account, user)
	case !u.Keys.Known() || !u.Tags.Known():
		return a, fmt.Errorf("account %s, user %s: read its keys and tags: %s%s", f.Account, user, u.Keys.Why(), u.Tags.Why())
	}
	a.User = u
	held, err := f.held(ctx, d.ARN)
	if err != nil {
		return a, fmt.Errorf("account %s, secret %s: %w", f.Account, d.ARN, err)
	}
	a.Held = held.ID
	key, there := a.key(held.ID)
	if !there && held.ID != "" {
		return a, fmt.Errorf("account %s, secret %s: it holds key %s, which is none of %s's: name the user whose key it is", f.Account, d.ARN, held.ID, user)
	}
	if there {
		a.Terms, err = f.Terms(u, key)
	}
	if there && active(key) {
		a.Fails = f.holds(ctx, held, u)
	}
	return a, err
}

func (a Adoption) key(id accesskey.ID) (accesskey.Key, bool) {
	all, _ := a.User.Keys.Get()
	i := slices.IndexFunc(all, func(k accesskey.Key) bool { return is(k, id) })
	if i < 0 {
		return accesskey.Key{}, false
	}
	return all[i], true
}

// Taken reports that the secret and its user say already what an adoption writes
// there.
func (a Adoption) Taken() bool {
	marks, _ := a.User.Tags.Get()
	return a.Secret.Tags[UserTag] == a.User.Name && marks[policy.SecretTag] == a.Secret.ARN &&
		a.Secret.Tags[DeliverTag] == strings.Join(a.Deliver, " ") && overtaken(a.Secret.Tags) == nil
}

// UnderWay reports that the function is at work on the secret.
func (a Adoption) UnderWay() bool {
	next := a.Secret.Labelled(pending)
	return a.Record.ID != "" && a.Record.Live() || next != "" && next != a.Secret.Labelled(current)
}

// ofRotation: the key is one of those that the rotation under way is about.
func (a Adoption) ofRotation(key accesskey.ID) bool {
	return a.Record.Live() && (key == a.Record.Old || key == a.Record.New)
}

// handToken is what tokens of acts outside a rotation begin with: the function's
// own journal would be taken for one that was put back from a copy, were it shown
// acts under its name that it doesn't know.
const handToken = "hand."

// Take carries an adoption out: the user's mark, the secret's tags. It may be
// called again after any failure. Switching rotation on is left to the caller.
func (f *Function) Take(ctx context.Context, a Adoption) error {
	subject := accesskey.Subject{Account: f.Account, User: a.User.Name, UserID: a.User.ID}
	marks, _ := a.User.Tags.Get()
	if marks[policy.SecretTag] != a.Secret.ARN {
		permit := rotation.Permit{Token: handToken + f.Rotator.Random(), Until: f.Rotator.Clock.Now().Add(writeLife)}
		if err := f.MarkUser(ctx, subject, a.Secret.ARN, permit); err != nil {
			return fmt.Errorf("account %s, user %s: mark the user as rotated through the secret: %w", f.Account, a.User.Name, err)
		}
	}
	tags := map[string]string{UserTag: a.User.Name}
	if len(a.Deliver) > 0 {
		tags[DeliverTag] = strings.Join(a.Deliver, " ")
	}
	if len(tags[DeliverTag]) > tagLength {
		return errors.New("the names of the destinations are longer than a tag's 256 characters: deliver to fewer")
	}
	now := f.Rotator.Clock.Now()
	if err := f.Store.Tag(ctx, a.Secret.ARN, adoption(tags, now), now.Add(writeLife)); err != nil {
		return fmt.Errorf("account %s, secret %s: write its tags: %w", f.Account, a.Secret.ARN, err)
	}
	return nil
}
