package fakeaws

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"strings"
	"time"
)

// serve takes one request through the whole pipeline: parse, signature,
// throttle, parameters, authorization, fault, action, record.
func (a *AWS) serve(httpRequest *http.Request) answer {
	p, parseErr := a.parse(httpRequest)
	r, act, err := a.admit(p, parseErr)
	var content any
	if err == nil {
		switch f := a.askFault(r); f.kind {
		case refuse:
			err = f.err
			a.refuse(r, act, err)
		case loseAnswer:
			if rest, ok := firstOf(a.carryOut(r, act)).(unlocked); ok {
				_, _ = rest(httpRequest.Context()) // nobody hears of it
			}
			return answer{lost: true}
		case delay:
			a.postpone(r, act, f.delay)
			return answer{lost: true}
		default:
			content, err = a.carryOut(r, act)
		}
	}
	if rest, ok := content.(unlocked); ok {
		content, err = rest(httpRequest.Context())
	}
	return p.service.answer(r, content, err)
}

// unlocked is the rest of a call that runs functions: outside the lock.
type unlocked func(ctx context.Context) (any, *apiError)

// answer writes the outcome of a request as the service's protocol has it.
func (s *service) answer(r *request, content any, err *apiError) answer {
	var reply answer
	if err != nil {
		reply = s.failure(err, r.id)
	} else {
		reply = s.success(r.action, content, r.id)
	}
	reply.header.Set("X-Amzn-Requestid", r.id)
	return reply
}

// admit decides whether a request may be carried out. The request it returns
// has at least an ID and a time.
func (a *AWS) admit(p *parsed, parseErr *apiError) (*request, action, *apiError) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.newRequest(p)
	if parseErr != nil {
		return r, action{}, parseErr
	}
	s, err := parseSignature(p.http)
	if err != nil {
		return r, action{}, err
	}
	if r.caller, err = a.authenticate(p, s, r.now); err != nil {
		return r, action{}, err
	}
	r.account = r.caller.account
	r.region = p.service.region(s.region, r.account.partition)
	act, err := p.find()
	if err != nil {
		return r, act, err
	}
	r.describe()
	a.calls[r.service.name+":"+r.action]++
	if err = a.judge(r, act); err != nil {
		a.record(r, act, nil, err)
	}
	return r, act, err
}

func (a *AWS) newRequest(p *parsed) *request {
	now := a.clock.now()
	a.settle(now)
	source, _, err := net.SplitHostPort(p.http.RemoteAddr)
	if err != nil {
		source = "192.0.2.1" // in-process: a documentation address (RFC 5737)
	}
	return &request{
		aws: a, service: p.service, action: p.action, id: requestID(a.random.next()), now: now,
		http: p.http, uri: p.uri, form: p.form, path: p.http.URL.Path, body: p.body, userAgent: p.http.UserAgent(), sourceIP: source,
	}
}

// judge holds an authenticated request against rate, parameters and policies.
func (a *AWS) judge(r *request, act action) *apiError {
	if a.throttled(r, act) {
		return errThrottled()
	}
	if err := r.validate(act); err != nil {
		return err
	}
	return a.permits(r, act)
}

// permits asks the policies for the call, and for the tags that it brings.
func (a *AWS) permits(r *request, act action) *apiError {
	var err *apiError
	switch {
	case act.open:
		return nil
	case act.asks != nil:
		err = act.asks(r)
	default:
		err = a.authorize(r, act)
	}
	if err != nil || act.tagging == "" || !r.bringsTags() {
		return err
	}
	on := target{arn: "*"}
	if act.on != nil {
		on = act.on(r)
	}
	return r.permit(act.tagging, on, r.account, "", false)
}

// bringsTags reports whether a call has tags for what it makes.
func (r *request) bringsTags() bool {
	in, _ := decode[struct{ Tags []tag }](r)
	return len(r.tags()) > 0 || len(in.Tags) > 0
}

// askFault asks the hook, outside the lock so that the hook may use the AWS.
func (a *AWS) askFault(r *request) Fault {
	a.mu.Lock()
	hook := a.fault
	a.seq++
	seq := a.seq
	a.mu.Unlock()
	if hook == nil {
		return Proceed()
	}
	return hook(Call{
		Account: r.account.id, Service: r.service.name, Action: r.action, Region: r.region,
		KeyID: r.caller.keyID(), Params: r.form, Body: r.body, Seq: seq,
	})
}

// carryOut does what the request asks for and records it.
func (a *AWS) carryOut(r *request, act action) (any, *apiError) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(r.now)
	return a.perform(r, act)
}

func (a *AWS) perform(r *request, act action) (any, *apiError) {
	content, err := act.do(r)
	a.record(r, act, content, err)
	return content, err
}

func firstOf(content any, _ *apiError) any { return content }

func (a *AWS) refuse(r *request, act action, err *apiError) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.record(r, act, nil, err)
}

// postpone has the request carried out later, whether or not anybody asks again.
func (a *AWS) postpone(r *request, act action, by time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.later(r.now.Add(by), func(now time.Time) {
		r.now = now
		content, _ := a.perform(r, act) // nobody is listening any more
		if rest, ok := content.(unlocked); ok {
			a.due(now, func(ctx context.Context) { _, _ = rest(ctx) })
		}
	})
}

// record writes the call into its account's trail.
func (a *AWS) record(r *request, act action, content any, err *apiError) {
	if act.data {
		return
	}
	e := Event{
		ID: requestID(a.random.next()), RequestID: r.id, Time: second(r.now), Name: cmp.Or(act.told, r.action), Source: r.service.source,
		Region: r.region, ReadOnly: act.reads, Identity: r.caller.identity(), UserAgent: r.userAgent, SourceIP: r.sourceIP,
		Parameters: r.params,
	}
	if err != nil {
		e.ErrorCode, e.ErrorText = err.Code, err.Message
	} else if !act.reads {
		e.Response = trailOf(documentOf(content))
	}
	if r.witness != nil && r.witness != r.account {
		e.SharedID = uuidOf(e.ID, "shared")
		r.witness.file(e.as(uuidOf(e.ID, r.witness.id)))
	}
	r.account.file(e)
}

// as is the event under an ID of its own, which each account's has.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/shared-event-ID.html
func (e Event) as(id string) Event {
	e.ID = id
	return e
}

// isRead tells from an action's name whether it changes anything.
func isRead(action string) bool {
	for _, verb := range []string{"Get", "List", "Describe", "Lookup", "Simulate"} {
		if strings.HasPrefix(action, verb) {
			return action != "GetSessionToken" && action != "GetFederationToken"
		}
	}
	return false
}
