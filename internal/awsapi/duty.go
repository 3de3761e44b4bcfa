package awsapi

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ErrNobody is what For's errors match where nobody was named for a duty.
var ErrNobody = errors.New("no role is named for it")

// Duty is a kind of act that an account may have a role of its own for.
type Duty string

// The duties. Whatever is none of them is reading.
const (
	Deliver    Duty = "deliver"    // read and write the places where keys are delivered
	Create     Duty = "create"     // keys, and the tag that claims a user
	Deactivate Duty = "deactivate" // and reactivate; deny old sessions
	Delete     Duty = "delete"     // keys
)

// duties are the sessions by which a session's account is changed, each opened
// when its first act comes.
type duties struct {
	enter func(context.Context, Duty) (*Session, error)
	posts map[Duty]*post
}

type post struct {
	lock    sync.Mutex // held while its role is assumed: others wait for that very session
	session *Session
}

// Divide has acts of every duty done by the session that enter returns for it:
// of the same account. It is asked once for each duty, when its first act comes,
// and again after an error. To be called before the session is used.
func (s *Session) Divide(enter func(context.Context, Duty) (*Session, error)) {
	s.duties = &duties{enter: enter, posts: map[Duty]*post{Deliver: {}, Create: {}, Deactivate: {}, Delete: {}}}
}

// For returns the session that does the acts of a duty: this one, unless Divide
// said otherwise.
func (s *Session) For(ctx context.Context, d Duty) (*Session, error) {
	if s.duties == nil {
		return s, nil
	}
	p := s.duties.posts[d]
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.session != nil {
		return p.session, nil
	}
	session, err := s.duties.enter(ctx, d)
	if err == nil {
		p.session = session
	}
	return session, err
}

// As returns the session that does the acts of a duty, entered when its first
// call is signed: an error of that is the call's.
func (s *Session) As(d Duty) *Session {
	if s.duties == nil {
		return s
	}
	cfg := s.config.Copy()
	cache := aws.NewCredentialsCache(onDuty{s, d})
	cfg.Credentials = cache
	other := s.sibling(cfg)
	other.chain = &chain{bottom: s.chain.bottom, cache: cache}
	return other
}

// onDuty is the credentials of whoever does the acts of a duty.
type onDuty struct {
	session *Session
	duty    Duty
}

// Retrieve implements aws.CredentialsProvider.
func (o onDuty) Retrieve(ctx context.Context) (aws.Credentials, error) {
	session, err := o.session.For(ctx, o.duty)
	if err != nil {
		return aws.Credentials{}, err
	}
	return session.config.Credentials.Retrieve(ctx)
}
