package fakeaws

import (
	"net/url"
	"time"
)

// Call is one authenticated and authorized call, as the fault hook sees it
// before it is carried out.
type Call struct {
	Account string // the caller's
	Service string // signing name: iam
	Action  string // ListUsers
	Region  string
	KeyID   string     // that signed the call
	Params  url.Values // of a Query call; must not be changed
	Body    []byte     // of a JSON call; must not be changed
	Seq     uint64     // 1 for the first call that came this far
}

// Fault is what happens to a call: Proceed, Refuse, LoseAnswer or Delay.
type Fault struct {
	kind  faultKind
	err   *apiError
	delay time.Duration
}

type faultKind int

const (
	proceed faultKind = iota
	refuse
	loseAnswer
	delay
)

// Proceed lets the call be.
func Proceed() Fault { return Fault{} }

// Refuse answers with an error and does nothing. A status of 500 and above is
// told as AWS's own fault.
func Refuse(status int, code, message string) Fault {
	return Fault{kind: refuse, err: &apiError{Status: status, Code: code, Message: message, Receiver: status >= 500}}
}

// LoseAnswer carries the call out and then breaks the connection.
func LoseAnswer() Fault { return Fault{kind: loseAnswer} }

// Delay breaks the connection now and carries the call out after d of virtual
// time, whether or not anybody asks again.
func Delay(d time.Duration) Fault { return Fault{kind: delay, delay: d} }

// SetFault installs the hook that is asked about every call from now on; nil
// removes it. The hook may use the AWS it is installed in.
func (a *AWS) SetFault(hook func(Call) Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault = hook
}

// deferred is work that takes effect at a later virtual time.
type deferred struct {
	at time.Time
	do func(now time.Time)
}

// later has do run at the virtual time at.
func (a *AWS) later(at time.Time, do func(now time.Time)) {
	i := len(a.pending)
	for i > 0 && a.pending[i-1].at.After(at) {
		i--
	}
	a.pending = append(a.pending, deferred{})
	copy(a.pending[i+1:], a.pending[i:])
	a.pending[i] = deferred{at, do}
}

// settle runs what is due, each piece at its own time.
func (a *AWS) settle(now time.Time) {
	for len(a.pending) > 0 && !a.pending[0].at.After(now) {
		next := a.pending[0]
		a.pending = a.pending[1:]
		next.do(next.at)
	}
}
