package fakeaws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

const (
	rotatorARN  = "arn:aws:lambda:eu-west-1:123456789012:function:rotate"
	rotatorRole = "arn:aws:iam::123456789012:role/rotator"
	maySecrets  = `"secretsmanager:DescribeSecret","secretsmanager:GetSecretValue","secretsmanager:PutSecretValue","secretsmanager:UpdateSecretVersionStage"`
	forSecrets  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"secretsmanager.amazonaws.com"},
		"Action":"lambda:InvokeFunction","Resource":"` + rotatorARN + `","Condition":{"StringEquals":{"AWS:SourceAccount":"123456789012"}}}]}`
)

// rotator is AWS's rotation template as a function: it makes a value up and moves
// the labels.
type rotator struct {
	aws    *AWS
	events []rotationEvent
	fail   func(rotationEvent) error // before the step
	after  func(rotationEvent) error // after it
	slow   time.Duration
}

type rotationEvent struct{ Step, SecretID, ClientRequestToken, RotationToken string }

func (f *rotator) run(ctx context.Context, payload []byte) ([]byte, error) {
	var e rotationEvent
	if err := json.Unmarshal([]byte(strings.Replace(string(payload), "SecretId", "SecretID", 1)), &e); err != nil {
		return nil, err
	}
	f.events = append(f.events, e)
	if f.fail != nil {
		if err := f.fail(e); err != nil {
			return nil, err
		}
	}
	if f.slow > 0 {
		time.Sleep(f.slow)
	}
	err := f.step(ctx, e)
	if f.after != nil && err == nil {
		err = f.after(e)
	}
	return nil, err
}

func (f *rotator) step(ctx context.Context, e rotationEvent) error {
	id, secret, token, err := f.aws.RoleSession(rotatorRole, "rotate")
	if err != nil {
		return err
	}
	cfg := configOf(f.aws, storeAccount, "eu-west-1")
	cfg.Credentials = credentials.NewStaticCredentialsProvider(id, secret, token)
	c := secretsmanager.NewFromConfig(cfg)
	about, err := c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &e.SecretID})
	if err != nil {
		return err
	}
	switch labels := about.VersionIdsToStages[e.ClientRequestToken]; {
	case !aws.ToBool(about.RotationEnabled):
		return errors.New("rotation is not enabled")
	case slices.Contains(labels, "AWSCURRENT"):
		return nil
	case !slices.Contains(labels, "AWSPENDING"):
		return errors.New("the version is not pending")
	}
	switch e.Step {
	case "createSecret":
		_, err = c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &e.SecretID, VersionId: &e.ClientRequestToken, VersionStage: aws.String("AWSPENDING")})
		var missing *types.ResourceNotFoundException
		if errors.As(err, &missing) {
			_, err = c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &e.SecretID, ClientRequestToken: &e.ClientRequestToken,
				RotationToken: &e.RotationToken, SecretString: aws.String("made by " + e.ClientRequestToken), VersionStages: []string{"AWSPENDING"}})
		}
	case "finishSecret":
		for id, labels := range about.VersionIdsToStages {
			if slices.Contains(labels, "AWSCURRENT") {
				_, err = c.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{SecretId: &e.SecretID,
					VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: &e.ClientRequestToken, RemoveFromVersionId: &id})
			}
		}
	}
	return err
}

func (f *rotator) steps() string {
	var all []string
	for _, e := range f.events {
		all = append(all, strings.TrimSuffix(e.Step, "Secret"))
	}
	f.events = nil
	return strings.Join(all, " ")
}

// withRotator is an account with the secret prod/billing and a function that can
// rotate it.
func withRotator(t *testing.T, change func(*AccountSpec)) (*AWS, *rotator, *secretsmanager.Client) {
	t.Helper()
	a := withStores(t, granting(`"secretsmanager:*"`), func(s *AccountSpec) {
		s.Roles = []RoleSpec{{Name: "rotator", TrustPolicy: lambdaTrust, InlinePolicies: map[string]string{"rotate": granting(maySecrets)}}}
		s.Functions = []FunctionSpec{{Name: "rotate", Region: "eu-west-1", Role: rotatorRole, Policy: forSecrets, Timeout: time.Minute}}
		if change != nil {
			change(s)
		}
	})
	f := &rotator{aws: a}
	a.SetFunctionCode(rotatorARN, f.run)
	c := secretsOf(a, storeAccount)
	newSecretOf(t, c, "prod/billing", "one")
	return a, f, c
}

func rotateWith(t *testing.T, c *secretsmanager.Client, token int, change func(*secretsmanager.RotateSecretInput)) error {
	t.Helper()
	in := &secretsmanager.RotateSecretInput{SecretId: aws.String("prod/billing"), ClientRequestToken: tokenOf(token)}
	if change != nil {
		change(in)
	}
	_, err := c.RotateSecret(t.Context(), in)
	return err
}

func byRotator(days int64) func(*secretsmanager.RotateSecretInput) {
	return func(in *secretsmanager.RotateSecretInput) {
		in.RotationLambdaARN = aws.String(rotatorARN)
		if days > 0 {
			in.RotationRules = &types.RotationRulesType{AutomaticallyAfterDays: &days}
		}
	}
}

func described(t *testing.T, c *secretsmanager.Client) *secretsmanager.DescribeSecretOutput {
	t.Helper()
	return must[*secretsmanager.DescribeSecretOutput](t)(c.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("prod/billing")}))
}

// labels are the versions' labels: a version by the number of its token, or "new".
func labels(t *testing.T, c *secretsmanager.Client) string {
	t.Helper()
	var all []string
	for id, stages := range stagesOf(t, c, "prod/billing") {
		name, _, _ := strings.Cut(strings.TrimLeft(id, "0"), "-")
		if !strings.HasPrefix(id, "000000") {
			name = "new"
		}
		slices.Sort(stages)
		all = append(all, name+"="+strings.ReplaceAll(strings.Join(stages, "+"), "AWS", ""))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// told are the events of rotation in CloudTrail, oldest first.
func told(t *testing.T, a *AWS) string {
	t.Helper()
	var all []string
	out := must[*cloudtrail.LookupEventsOutput](t)(cloudtrail.NewFromConfig(configOf(a, storeAccount, "eu-west-1")).LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{
		LookupAttributes: []cloudtrailtypes.LookupAttribute{{AttributeKey: "EventSource", AttributeValue: aws.String("secretsmanager.amazonaws.com")}},
	}))
	for _, e := range slices.Backward(out.Events) {
		if name := *e.EventName; strings.Contains(name, "Rotation") {
			all = append(all, name)
		}
	}
	return strings.Join(all, " ")
}

const allSteps = "create set test finish"

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func TestRotateSecretRunsTheFourSteps(t *testing.T) {
	a, f, c := withRotator(t, nil)
	if err := rotateWith(t, c, 2, byRotator(30)); err != nil {
		t.Fatal(err)
	}
	want(t, "before", labels(t, c), "1=CURRENT 2=PENDING")
	_, err := c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("prod/billing"), VersionStage: aws.String("AWSPENDING")})
	refused(t, err, "ResourceNotFoundException", "can't find the specified secret value")
	if n := a.RunDue(t.Context()); n != 1 {
		t.Errorf("%d things were due", n)
	}
	first := f.events[0]
	if first.SecretID != *described(t, c).ARN || first.ClientRequestToken != *tokenOf(2) || len(first.RotationToken) != 36 {
		t.Errorf("the event is %+v", first)
	}
	want(t, "steps", f.steps(), allSteps)
	want(t, "after", labels(t, c), "1=PREVIOUS 2=CURRENT+PENDING")
	want(t, "events", told(t, a), "RotationStarted RotationSucceeded")
	about := described(t, c)
	if about.LastRotatedDate == nil || !*about.RotationEnabled || *about.RotationLambdaARN != rotatorARN || *about.RotationRules.AutomaticallyAfterDays != 30 {
		t.Errorf("%+v", about)
	}
	if got := about.NextRotationDate.Format(time.RFC3339); got != about.LastRotatedDate.Add(30*day).Format("2006-01-02")+"T23:59:59Z" {
		t.Errorf("next on %s, last on %s", got, about.LastRotatedDate)
	}
	if a.Elapse(t.Context(), 29*day); len(f.events) != 0 {
		t.Error("rotated too early")
	}
	a.Elapse(t.Context(), 2*day)
	want(t, "steps by schedule", f.steps(), allSteps)
	want(t, "after", labels(t, c), "2=PREVIOUS new=CURRENT+PENDING")
}

func TestRotationEventsReachTheBus(t *testing.T) {
	a, _, c := withRotator(t, nil)
	if err := rotateWith(t, c, 2, byRotator(30)); err != nil {
		t.Fatal(err)
	}
	a.RunDue(t.Context())
	events := a.BusEvents(storeAccount, "eu-west-1")
	if len(events) != 2 || events[1].Source != "aws.secretsmanager" || events[1].DetailType != "AWS Service Event via CloudTrail" {
		t.Fatalf("%+v", events)
	}
	for _, text := range []string{`"eventName":"RotationSucceeded"`, `"eventType":"AwsServiceEvent"`, `"additionalEventData":{"SecretId":"arn:aws:secretsmanager:`,
		`"userIdentity":{"accountId":"123456789012","invokedBy":"secretsmanager.amazonaws.com"}`, `"requestParameters":null`} {
		if !strings.Contains(events[1].Detail, text) {
			t.Errorf("no %s in %s", text, events[1].Detail)
		}
	}
}

func TestWhoMayRotate(t *testing.T) {
	for name, tt := range map[string]struct {
		policy, message string
		by              func(*secretsmanager.RotateSecretInput)
	}{
		"no function":      {forSecrets, "No Lambda rotation function ARN", nil},
		"missing function": {forSecrets, "cannot invoke the specified Lambda function", func(in *secretsmanager.RotateSecretInput) { in.RotationLambdaARN = aws.String(rotatorARN + "s") }},
		"no policy":        {"", "cannot invoke the specified Lambda function", byRotator(30)},
		"another account":  {strings.Replace(forSecrets, `SourceAccount":"123456789012`, `SourceAccount":"210987654321`, 1), "cannot invoke", byRotator(30)},
		"both schedules": {forSecrets, "both", func(in *secretsmanager.RotateSecretInput) {
			byRotator(30)(in)
			in.RotationRules.ScheduleExpression = aws.String("rate(10 days)")
		}},
		"too often": {forSecrets, "every 4 hours", func(in *secretsmanager.RotateSecretInput) {
			byRotator(0)(in)
			in.RotationRules = &types.RotationRulesType{ScheduleExpression: aws.String("rate(3 hours)")}
		}},
		"not on the hour": {forSecrets, "on the hour", func(in *secretsmanager.RotateSecretInput) {
			byRotator(0)(in)
			in.RotationRules = &types.RotationRulesType{ScheduleExpression: aws.String("cron(30 8 1 * ? *)")}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, f, c := withRotator(t, func(s *AccountSpec) { s.Functions[0].Policy = tt.policy })
			err := rotateWith(t, c, 2, tt.by)
			code := errorCodeOf(err)
			if err == nil || !strings.Contains(err.Error(), tt.message) || code == "" {
				t.Errorf("%v", err)
			}
			if described(t, c).RotationEnabled != nil || len(f.events) > 0 {
				t.Error("it was configured nevertheless")
			}
		})
	}
}

func errorCodeOf(err error) string {
	var coded interface{ ErrorCode() string }
	if errors.As(err, &coded) {
		return coded.ErrorCode()
	}
	return ""
}

// TestAFailedStepMeansTheWholeSequenceAgain: with the same token, until it
// succeeds.
func TestAFailedStepMeansTheWholeSequenceAgain(t *testing.T) {
	a, f, c := withRotator(t, nil)
	failures := 2
	f.fail = func(e rotationEvent) error {
		if e.Step == "testSecret" && failures > 0 {
			failures--
			return errors.New("not yet")
		}
		return nil
	}
	if err := rotateWith(t, c, 2, byRotator(30)); err != nil {
		t.Fatal(err)
	}
	a.RunDue(t.Context())
	want(t, "first try", f.steps(), "create set test")
	if err := rotateWith(t, c, 2, nil); err != nil {
		t.Errorf("the same call again: %v", err)
	}
	refused(t, rotateWith(t, c, 3, nil), "InvalidRequestException", "A previous rotation isn't complete. That rotation will be reattempted.")
	a.RunDue(t.Context())
	want(t, "second try, which that call brings", f.steps(), "create set test")
	a.Elapse(t.Context(), 10*time.Minute)
	want(t, "third try", f.steps(), allSteps)
	want(t, "after", labels(t, c), "1=PREVIOUS 2=CURRENT+PENDING")
	want(t, "events", told(t, a), "RotationStarted RotationFailed RotationStarted RotationFailed RotationStarted RotationSucceeded")
}

// TestARotationThatNeverSucceedsIsTriedEveryDay: AWSPENDING stays, and the date
// that was missed.
func TestARotationThatNeverSucceedsIsTriedEveryDay(t *testing.T) {
	a, f, c := withRotator(t, nil)
	if err := rotateWith(t, c, 2, byRotator(10)); err != nil {
		t.Fatal(err)
	}
	a.RunDue(t.Context())
	f.steps()
	f.fail = func(rotationEvent) error { return errors.New("no") }
	a.Elapse(t.Context(), 12*day)
	tries := len(f.events)
	want(t, "labels", labels(t, c), "1=PREVIOUS 2=CURRENT new=PENDING")
	if missed := described(t, c).NextRotationDate; !missed.Before(a.Now()) {
		t.Errorf("next rotation on %s, which is not past", missed)
	}
	token := f.events[0].ClientRequestToken
	a.Elapse(t.Context(), 2*day)
	if len(f.events) <= tries {
		t.Error("it was given up")
	}
	if last := f.events[len(f.events)-1]; last.ClientRequestToken != token {
		t.Error("another version was begun beside the pending one")
	}
	f.fail = nil
	a.Elapse(t.Context(), 2*day)
	want(t, "labels", labels(t, c), "2=PREVIOUS new=CURRENT+PENDING")
	if next := described(t, c).NextRotationDate; next.Before(a.Now()) {
		t.Errorf("next rotation on %s", next)
	}
}

// TestAFunctionThatTakesPendingOff ends its rotation: it comes again another day,
// with another version.
func TestAFunctionThatTakesPendingOff(t *testing.T) {
	a, f, c := withRotator(t, nil)
	f.fail = func(e rotationEvent) error {
		if e.Step == "setSecret" {
			return errors.Join(errors.New("not now"), move(t, c, "AWSPENDING", 2, 0))
		}
		return nil
	}
	if err := rotateWith(t, c, 2, byRotator(1)); err != nil {
		t.Fatal(err)
	}
	a.Elapse(t.Context(), 3*time.Hour)
	want(t, "one try", f.steps(), "create set")
	f.fail = nil
	a.Elapse(t.Context(), 2*day)
	if got := labels(t, c); !strings.Contains(got, "new=CURRENT+PENDING") {
		t.Errorf("labels %s", got)
	}
}

func TestAValueByHandAbandonsTheRotation(t *testing.T) {
	a, f, c := withRotator(t, nil)
	f.after = func(e rotationEvent) error {
		if e.Step == "setSecret" {
			return put(t, c, 7, "by hand")
		}
		return nil
	}
	if err := rotateWith(t, c, 2, byRotator(10)); err != nil {
		t.Fatal(err)
	}
	a.RunDue(t.Context())
	want(t, "steps", f.steps(), "create set")
	want(t, "labels", labels(t, c), "1=PREVIOUS 7=CURRENT")
	want(t, "events", told(t, a), "RotationStarted RotationAbandoned")
	f.after = nil
	if a.Elapse(t.Context(), 9*day); len(f.events) > 0 {
		t.Error("a value by hand counts as a rotation: it was rotated too early")
	}
	a.Elapse(t.Context(), 2*day)
	want(t, "labels", labels(t, c), "7=PREVIOUS new=CURRENT+PENDING")
}

func TestCancelledInItsMidst(t *testing.T) {
	a, f, c := withRotator(t, nil)
	cancel := func() *secretsmanager.CancelRotateSecretOutput {
		return must[*secretsmanager.CancelRotateSecretOutput](t)(c.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: aws.String("prod/billing")}))
	}
	f.after = func(e rotationEvent) error {
		if e.Step == "setSecret" {
			if out := cancel(); aws.ToString(out.VersionId) != *tokenOf(2) {
				t.Errorf("version %v was cancelled", out.VersionId)
			}
		}
		return nil
	}
	if err := rotateWith(t, c, 2, byRotator(10)); err != nil {
		t.Fatal(err)
	}
	a.RunDue(t.Context())
	want(t, "steps", f.steps(), "create set")
	want(t, "labels stay", labels(t, c), "1=CURRENT 2=PENDING")
	if about := described(t, c); *about.RotationEnabled || *about.RotationLambdaARN != rotatorARN || about.NextRotationDate != nil {
		t.Errorf("%+v", about)
	}
	if a.Elapse(t.Context(), 60*day); len(f.events) > 0 {
		t.Error("rotated after it was cancelled")
	}
	refused(t, rotateWith(t, c, 3, nil), "InvalidRequestException", "A previous rotation isn't complete.")
	if err := move(t, c, "AWSPENDING", 2, 0); err != nil {
		t.Fatal(err)
	}
	f.after = nil
	if err := rotateWith(t, c, 3, nil); err != nil {
		t.Fatal(err)
	}
	a.RunDue(t.Context())
	want(t, "labels", labels(t, c), "1=PREVIOUS 3=CURRENT+PENDING")
}

// TestNotImmediately: testSecret alone is run, on a version that comes and goes.
func TestNotImmediately(t *testing.T) {
	for token := 2; token < 6; token++ {
		a, f, c := withRotator(t, nil)
		if err := rotateWith(t, c, token, func(in *secretsmanager.RotateSecretInput) { byRotator(5)(in); in.RotateImmediately = aws.Bool(false) }); err != nil {
			t.Fatal(err)
		}
		a.RunDue(t.Context())
		want(t, "steps", f.steps(), "test")
		want(t, "labels", labels(t, c), "1=CURRENT")
		want(t, "events", told(t, a), "TestRotationStarted TestRotationSucceeded")
		a.Elapse(t.Context(), 6*day)
		want(t, "steps by schedule", f.steps(), allSteps)
	}
}

// TestTheRoleIsAsked: what the function's role may not do, it can't.
func TestTheRoleIsAsked(t *testing.T) {
	a, f, c := withRotator(t, func(s *AccountSpec) {
		s.Roles[0].InlinePolicies["rotate"] = granting(strings.Replace(maySecrets, "UpdateSecretVersionStage", "GetNothing", 1))
	})
	if err := rotateWith(t, c, 2, byRotator(10)); err != nil {
		t.Fatal(err)
	}
	a.RunDue(t.Context())
	want(t, "steps", f.steps(), allSteps)
	want(t, "labels", labels(t, c), "1=CURRENT 2=PENDING")
	want(t, "events", told(t, a), "RotationStarted RotationFailed")
}

func TestAFunctionThatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, f, c := withRotator(t, func(s *AccountSpec) { s.Functions[0].Timeout = 3 * time.Second })
		f.slow = 4 * time.Second
		if err := rotateWith(t, c, 2, byRotator(10)); err != nil {
			t.Fatal(err)
		}
		a.RunDue(t.Context())
		want(t, "steps", f.steps(), "create")
		want(t, "events", told(t, a), "RotationStarted RotationFailed")
		f.slow = 0
		time.Sleep(time.Hour)
		a.RunDue(t.Context())
		want(t, "labels", labels(t, c), "1=PREVIOUS 2=CURRENT+PENDING")
	})
}

func TestAWrongRotationToken(t *testing.T) {
	a, _, c := withRotator(t, nil)
	if err := rotateWith(t, c, 2, byRotator(10)); err != nil {
		t.Fatal(err)
	}
	a.mu.Lock()
	a.agenda = nil // nobody works on it
	a.mu.Unlock()
	refused(t, put(t, c, 2, "x", "AWSPENDING"), "InvalidParameterException", "RotationToken")
}

// TestRotationWindows: the next window by each kind of schedule.
func TestRotationWindows(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, tt := range []struct {
		rules             rotationRules
		base, after, want string
	}{
		{rotationRules{AutomaticallyAfterDays: 30}, "2026-03-01 15:00", "2026-03-01 15:00", "2026-03-31 00:00 to 2026-04-01 00:00"},
		{rotationRules{AutomaticallyAfterDays: 30, Duration: "3h"}, "2026-03-01 15:00", "2026-03-01 15:00", "2026-03-31 00:00 to 2026-03-31 03:00"},
		{rotationRules{ScheduleExpression: "rate(10 days)"}, "2026-03-01 15:00", "2026-03-01 15:00", "2026-03-11 00:00 to 2026-03-12 00:00"},
		{rotationRules{ScheduleExpression: "rate(10 days)"}, "2026-03-01 15:00", "2026-05-01 09:00", "2026-05-02 00:00 to 2026-05-03 00:00"},
		{rotationRules{ScheduleExpression: "rate(6 hours)"}, "2026-03-01 15:20", "2026-03-01 15:20", "2026-03-01 21:00 to 2026-03-01 22:00"},
		{rotationRules{ScheduleExpression: "cron(0 16 1,15 * ? *)", Duration: "2h"}, "2026-03-02 15:20", "2026-03-02 15:20", "2026-03-15 16:00 to 2026-03-15 18:00"},
		{rotationRules{ScheduleExpression: "cron(0 8 1 * ? *)"}, "2026-03-02 15:20", "2026-03-02 15:20", "2026-04-01 08:00 to 2026-04-02 00:00"},
		{rotationRules{ScheduleExpression: "cron(0 */6 * * ? *)"}, "2026-03-02 15:20", "2026-03-02 15:20", "2026-03-02 18:00 to 2026-03-02 19:00"},
	} {
		opens, closes := tt.rules.window(at(tt.base), at(tt.after))
		want(t, fmt.Sprint(tt.rules), opens.Format("2006-01-02 15:04")+" to "+closes.Format("2006-01-02 15:04"), tt.want)
	}
}
