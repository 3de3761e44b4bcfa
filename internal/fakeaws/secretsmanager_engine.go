package fakeaws

import (
	"context"
	"time"
)

// rotationSteps are the four steps, as Secrets Manager calls them.
var rotationSteps = []string{"createSecret", "setSecret", "testSecret", "finishSecret"}

// maxTries bounds how often the whole sequence is tried in one window, retryAfter
// is the first pause between two; each pause is twice as long as the one before.
// That the sequence is retried AWS documents, how often and when it doesn't.
const (
	maxTries   = 6
	retryAfter = time.Minute
)

// rotate tries the whole sequence once, and sets when it comes again.
func (a *AWS) rotate(ctx context.Context, s *secret) {
	run := a.beginTry(s)
	if run == nil {
		return
	}
	for _, step := range rotationSteps {
		failure, over := a.step(ctx, s, run, step)
		if over {
			return
		}
		if failure != "" {
			a.endTry(s, run, failure)
			return
		}
	}
	a.endTry(s, run, "")
}

// beginTry finds the version that the rotation works on: the one whose rotation
// isn't complete, else a new one. nil: there is nothing to rotate.
func (a *AWS) beginTry(s *secret) *rotationRun {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock.now()
	a.settle(now)
	if !s.rotation.enabled || !s.deletion.IsZero() || a.accounts[s.home.account.id] != s.home.account {
		return nil
	}
	pending, run := s.pending(), s.rotation.run
	switch {
	case run != nil && pending != nil && pending.id == run.token:
	case pending != nil:
		run = &rotationRun{token: pending.id, source: requestID(a.random.next()), closes: s.rotation.closes}
	default:
		run = &rotationRun{token: requestID(a.random.next()), source: requestID(a.random.next()), closes: s.rotation.closes}
		s.attach(labelPending, s.addVersion(now, run.token, secretValue{}))
	}
	s.rotation.run, s.rotation.next = run, nil
	run.tries++
	a.tellRotation(s, "RotationStarted", run.token, "", now)
	return run
}

// step runs one step. failure says in CloudTrail's words what went wrong; over
// that the rotation was cancelled or abandoned meanwhile.
func (a *AWS) step(ctx context.Context, s *secret, run *rotationRun, step string) (failure string, over bool) {
	f, failure := a.rotationFunction(s, run)
	if f != nil {
		ran, err := a.invoke(ctx, f, jsonOf(struct {
			Step               string
			SecretID           string `json:"SecretId"`
			ClientRequestToken string
			RotationToken      string
		}{step, s.arn, run.token, run.source}))
		if err != nil || ran.failure != "" {
			failure = "Error when executing lambda " + f.arn() + " during " + step + " step"
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return failure, run.over
}

// rotationFunction is the function, if Secrets Manager may still invoke it.
func (a *AWS) rotationFunction(s *secret, run *rotationRun) (*function, string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.functionByARN(s.rotation.lambda)
	switch {
	case run.over:
		return nil, ""
	case f == nil || !a.mayBeInvoked(f, "secretsmanager.amazonaws.com", s.arn, s.home.account.id):
		return nil, "Secrets Manager cannot invoke the lambda " + s.rotation.lambda
	}
	return f, ""
}

// endTry takes a try's outcome: done when AWSCURRENT is on the new version, else
// the whole sequence comes again, in this window or, when that is over or the
// function itself took AWSPENDING off, in the next that there can be.
func (a *AWS) endTry(s *secret, run *rotationRun, failure string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock.now()
	a.settle(now)
	if current := s.labelled(labelCurrent); failure == "" && (current == nil || current.id != run.token) {
		failure = "The lambda " + s.rotation.lambda + " finished without moving AWSCURRENT to version " + run.token
	}
	if failure == "" {
		s.rotated, s.changed, s.rotation.run = now, now, nil
		a.tellRotation(s, "RotationSucceeded", run.token, "", now)
		a.plan(s, now)
		return
	}
	a.tellRotation(s, "RotationFailed", run.token, failure, now)
	again := now.Add(retryAfter << (run.tries - 1))
	pending := s.pending()
	if run.tries < maxTries && again.Before(run.closes) && pending != nil && pending.id == run.token {
		a.callOff(s.rotation.next)
		s.rotation.next = a.due(again, func(ctx context.Context) { a.rotate(ctx, s) })
		return
	}
	missed := s.rotation.promised
	s.rotation.run = nil
	a.plan(s, now)
	s.rotation.promised = missed // AWS: "If rotation is unsuccessful, this date may be in the past"
}

// testRotation runs testSecret alone, and takes the version away with which it
// was run.
func (a *AWS) testRotation(ctx context.Context, s *secret, run *rotationRun) {
	tell := func(name, failure string) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.tellRotation(s, name, run.token, failure, a.clock.now())
	}
	tell("TestRotationStarted", "")
	failure, _ := a.step(ctx, s, run, "testSecret")
	a.dropVersion(s, run.token)
	if failure != "" {
		tell("TestRotationFailed", failure)
		return
	}
	tell("TestRotationSucceeded", "")
}

func (a *AWS) dropVersion(s *secret, id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, v := range s.versions {
		if v.id == id && v != s.labelled(labelCurrent) {
			s.versions = append(s.versions[:i], s.versions[i+1:]...)
			return
		}
	}
}

// tellRotation writes an event of the rotation into CloudTrail and onto the bus.
func (a *AWS) tellRotation(s *secret, name, token, failure string, now time.Time) {
	e := Event{
		ID: requestID(a.random.next()), RequestID: "Rotation-" + s.arn + "-" + token, Time: second(now), Name: name,
		Source: "secretsmanager.amazonaws.com", Region: s.home.region, ByService: true, ErrorText: failure,
		Additional: map[string]any{"SecretId": s.arn},
	}
	e.Identity = Identity{AccountID: s.home.account.id, InvokedBy: e.Source}
	e.UserAgent, e.SourceIP = e.Source, e.Source
	s.home.account.file(e)
	a.emit(s.home.account, s.home.region, BusEvent{
		Bus: "default", Source: "aws.secretsmanager", DetailType: "AWS Service Event via CloudTrail", At: now,
		Detail: s.home.account.recordOf(&e),
	})
}
