package fakeaws

import (
	"context"
	"time"
)

// secretRotation says who rotates a secret, when next, and how far it is.
type secretRotation struct {
	enabled    bool
	lambda     string // ARN of the function
	rules      rotationRules
	configured time.Time
	closes     time.Time    // end of the window of the next rotation
	promised   time.Time    // the same, or of the window that was missed: NextRotationDate is the second before
	next       *duty        // the next rotation, or try
	run        *rotationRun // under way, or to be tried again
}

// rotationRun is one rotation: up to some tries of the whole sequence.
type rotationRun struct {
	token    string // ClientRequestToken: the ID of the new version
	source   string // RotationToken
	tries    int
	closes   time.Time // of the window, after which it isn't tried again in it
	over     bool      // abandoned or cancelled
	testOnly bool
}

type rotateSecretInput struct {
	secretRef
	ClientRequestToken string
	RotationLambdaARN  string
	RotationRules      rotationRules
	RotateImmediately  *bool
}

// pending is the version that a rotation which isn't complete left or works on.
func (s *secret) pending() *secretVersion {
	if v := s.labelled(labelPending); v != s.labelled(labelCurrent) {
		return v
	}
	return nil
}

// rotateSecret configures rotation and begins one, or tests it. Both go on after
// the answer.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
func rotateSecret(r *request, s *secret, in rotateSecretInput) (any, *apiError) {
	if err := checkToken(in.ClientRequestToken); err != nil {
		return nil, err
	}
	lambda := in.RotationLambdaARN
	if lambda == "" {
		lambda = s.rotation.lambda
	}
	if lambda == "" {
		return nil, refusal("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.")
	}
	if err := in.RotationRules.check(); err != nil {
		return nil, err
	}
	if err := r.mayRotateWith(s, lambda); err != nil {
		return nil, err
	}
	out := putVersion{Arn: s.arn, Name: s.name, VersionID: in.ClientRequestToken}
	if pending := s.pending(); pending != nil {
		if pending.id == in.ClientRequestToken {
			return out, nil
		}
		r.aws.tryAgain(s)
		return nil, refusal("InvalidRequestException", "A previous rotation isn't complete. That rotation will be reattempted.")
	}
	if s.version(in.ClientRequestToken) != nil {
		return nil, refusal("ResourceExistsException", "You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.",
			in.ClientRequestToken, s.arn)
	}
	s.configure(r, lambda, in.RotationRules)
	r.aws.beginRotation(s, in.ClientRequestToken, in.RotateImmediately != nil && !*in.RotateImmediately, r.now)
	return out, nil
}

// mayRotateWith wants a function that the caller may invoke, and Secrets Manager
// for the secret's account.
func (r *request) mayRotateWith(s *secret, lambda string) *apiError {
	f := r.aws.functionByARN(lambda)
	if f != nil {
		if err := r.permit("lambda:InvokeFunction", target{arn: f.arn()}, f.home.account, f.policy(), false); err != nil {
			return err
		}
	}
	if f == nil || !r.aws.mayBeInvoked(f, "secretsmanager.amazonaws.com", s.arn, s.home.account.id) {
		return errDenied("Secrets Manager cannot invoke the specified Lambda function. " +
			"Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com")
	}
	return nil
}

func (s *secret) configure(r *request, lambda string, rules rotationRules) {
	if rules == (rotationRules{}) {
		rules = s.rotation.rules
	}
	if rules == (rotationRules{}) {
		rules.AutomaticallyAfterDays = 30
	}
	s.rotation.enabled, s.rotation.lambda, s.rotation.rules, s.rotation.configured = true, lambda, rules, r.now
	s.changed = r.now
}

// beginRotation makes the version that a rotation, or the test of one, works on.
// Whether the test's version holds a value AWS does not say: every other one does.
func (a *AWS) beginRotation(s *secret, token string, testOnly bool, now time.Time) {
	value := secretValue{}
	if current := s.labelled(labelCurrent); testOnly && current != nil && hash(token)%2 == 0 {
		value = secretValue{current.text, current.binary}
	}
	s.attach(labelPending, s.addVersion(now, token, value))
	a.plan(s, now)
	run := &rotationRun{token: token, source: requestID(a.random.next()), closes: now.Add(day), testOnly: testOnly}
	if testOnly {
		a.due(now, func(ctx context.Context) { a.testRotation(ctx, s, run) })
		return
	}
	a.callOff(s.rotation.next)
	s.rotation.run = run
	s.rotation.next = a.due(now, func(ctx context.Context) { a.rotate(ctx, s) })
}

// tryAgain has a rotation that isn't complete tried at once.
func (a *AWS) tryAgain(s *secret) {
	if s.rotation.enabled {
		a.callOff(s.rotation.next)
		s.rotation.next = a.due(a.clock.now(), func(ctx context.Context) { a.rotate(ctx, s) })
	}
}

// cancelRotateSecret leaves the labels as they are.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html
func cancelRotateSecret(r *request, s *secret, _ secretRef) (any, *apiError) {
	if !s.rotation.enabled && s.rotation.lambda == "" {
		return nil, refusal("InvalidRequestException", "Rotation is not enabled for this secret.")
	}
	out := putVersion{Arn: s.arn, Name: s.name}
	if pending := s.pending(); pending != nil {
		out.VersionID = pending.id
	}
	r.aws.callOff(s.rotation.next)
	if s.rotation.run != nil {
		s.rotation.run.over = true
	}
	s.rotation.enabled, s.rotation.next, s.rotation.run = false, nil, nil
	s.changed = r.now
	return out, nil
}

// valueChanged is told of every value that was stored. One that became AWSCURRENT
// and that is not the rotation's own counts as a rotation for the schedule, and a
// rotation under way is abandoned in its favour.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html
func (r *request) valueChanged(s *secret, v *secretVersion) {
	if s.labelled(labelCurrent) != v {
		return
	}
	s.valued = r.now
	run, pending := s.rotation.run, s.pending()
	if !s.rotation.enabled || run != nil && run.token == v.id {
		return
	}
	if pending != nil {
		pending.detach(labelPending)
		r.aws.tellRotation(s, "RotationAbandoned", "", "", r.now)
	}
	if run != nil {
		run.over, s.rotation.run = true, nil
	}
	r.aws.plan(s, r.now)
}

// plan sets the next rotation by the schedule, at some minute of its window.
func (a *AWS) plan(s *secret, now time.Time) {
	a.callOff(s.rotation.next)
	base := s.rotated
	if s.valued.After(base) {
		base = s.valued
	}
	if s.rotated.IsZero() && s.rotation.configured.After(base) {
		base = s.rotation.configured
	}
	opens, closes := s.rotation.rules.window(base, now)
	s.rotation.closes, s.rotation.promised, s.rotation.next = closes, closes, nil
	if opens.IsZero() {
		return
	}
	minutes := uint64(closes.Sub(opens) / time.Minute)
	at := opens.Add(time.Duration(hash(s.arn, opens.String())%minutes) * time.Minute)
	s.rotation.next = a.due(at, func(ctx context.Context) { a.rotate(ctx, s) })
}
