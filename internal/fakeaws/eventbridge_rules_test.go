package fakeaws

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// TestEventPatterns: the operators of AWS's documentation.
func TestEventPatterns(t *testing.T) {
	event := []byte(`{"source":"aws.secretsmanager","detail-type":"AWS Service Event via CloudTrail","resources":["one","two"],
		"detail":{"eventName":"RotationFailed","tries":3,"cost":1.50,"empty":"","nothing":null,"flag":true,"inner":{"deep":"x"}}}`)
	for pattern, want := range map[string]bool{
		`{"source":["aws.secretsmanager"]}`:                                           true,
		`{"source":["aws.other","aws.secretsmanager"]}`:                               true,
		`{"source":["aws.other"]}`:                                                    false,
		`{"source":["aws.secretsmanager"],"detail":{"eventName":["RotationFailed"]}}`: true,
		`{"source":["aws.secretsmanager"],"detail":{"eventName":["Other"]}}`:          false,
		`{"resources":["two"]}`:                                                       true,
		`{"resources":["three"]}`:                                                     false,
		`{"detail":{"eventName":[{"prefix":"Rotation"}]}}`:                            true,
		`{"detail":{"eventName":[{"suffix":"Failed"}]}}`:                              true,
		`{"detail":{"eventName":[{"prefix":"rotation"}]}}`:                            false,
		`{"detail":{"eventName":[{"equals-ignore-case":"rotationfailed"}]}}`:          true,
		`{"detail":{"eventName":[{"wildcard":"Rot*Fail*"}]}}`:                         true,
		`{"detail":{"eventName":[{"wildcard":"Rot*x*"}]}}`:                            false,
		`{"detail":{"eventName":[{"anything-but":"Other"}]}}`:                         true,
		`{"detail":{"eventName":[{"anything-but":["Other","RotationFailed"]}]}}`:      false,
		`{"detail":{"eventName":[{"anything-but":{"prefix":"Rotation"}}]}}`:           false,
		`{"detail":{"missing":[{"anything-but":"x"}]}}`:                               false,
		`{"detail":{"missing":[{"exists":false}]}}`:                                   true,
		`{"detail":{"eventName":[{"exists":true}]}}`:                                  true,
		`{"detail":{"eventName":[{"exists":false}]}}`:                                 false,
		`{"detail":{"tries":[3]}}`:                                                    true,
		`{"detail":{"cost":[1.5]}}`:                                                   true,
		`{"detail":{"tries":[{"numeric":[">",2,"<=",3]}]}}`:                           true,
		`{"detail":{"tries":[{"numeric":[">",3]}]}}`:                                  false,
		`{"detail":{"empty":[""],"nothing":[null],"flag":[true]}}`:                    true,
		`{"detail":{"inner":{"deep":["x"]}}}`:                                         true,
		`{"detail":{"inner":{"deeper":{"still":["x"]}}}}`:                             false,
	} {
		p, err := parsePattern(pattern)
		if err != nil {
			t.Errorf("%s: %s", pattern, err.Message)
			continue
		}
		if got := p.matches(eventTree(event)); got != want {
			t.Errorf("%s: %v", pattern, got)
		}
	}
	for _, pattern := range []string{``, `[]`, `{}`, `{"source":"aws.x"}`, `{"source":[]}`, `{"source":[{"sounds-like":"x"}]}`} {
		if _, err := parsePattern(pattern); err == nil {
			t.Errorf("%s was taken", pattern)
		}
	}
}

// TestRulesSendEventsOn: to a function and a topic, in the form that is asked for,
// and only to those whose policies let EventBridge in.
func TestRulesSendEventsOn(t *testing.T) {
	const other = "arn:aws:lambda:eu-west-1:123456789012:function:other"
	a, _, _ := withRotator(t, func(s *AccountSpec) {
		s.Functions[0].Policy = strings.ReplaceAll(forSecrets, "secretsmanager.amazonaws.com", "events.amazonaws.com")
		s.Functions = append(s.Functions, FunctionSpec{Name: "other", Region: "eu-west-1", Role: rotatorRole})
		s.Topics = []TopicSpec{{Region: "eu-west-1", Name: "alerts"}}
	})
	var got []string
	a.SetFunctionCode(rotatorARN, func(_ context.Context, payload []byte) ([]byte, error) {
		got = append(got, string(payload))
		return nil, nil
	})
	a.SetFunctionCode(other, func(context.Context, []byte) ([]byte, error) {
		t.Error("a function was invoked whose policy doesn't allow it")
		return nil, nil
	})
	c := eventbridge.NewFromConfig(configOf(a, storeAccount, "eu-west-1"))
	put := func(name string, in eventbridge.PutRuleInput, targets ...types.Target) {
		t.Helper()
		in.Name = &name
		must[*eventbridge.PutRuleOutput](t)(c.PutRule(t.Context(), &in))
		must[*eventbridge.PutTargetsOutput](t)(c.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: &name, Targets: targets}))
	}
	pattern := eventbridge.PutRuleInput{EventPattern: aws.String(`{"source":["billing"]}`)}
	put("path", pattern, types.Target{Id: aws.String("1"), Arn: aws.String(rotatorARN), InputPath: aws.String("$.detail")},
		types.Target{Id: aws.String("2"), Arn: aws.String(other)})
	put("shaped", pattern, types.Target{Id: aws.String("1"), Arn: aws.String(rotatorARN), InputTransformer: &types.InputTransformer{
		InputPathsMap: map[string]string{"what": "$.detail.what", "n": "$.detail.n"}, InputTemplate: aws.String(`{"saw":"<what>","n":<n>}`),
	}})
	put("every-hour", eventbridge.PutRuleInput{ScheduleExpression: aws.String("rate(1 hour)")}, types.Target{Id: aws.String("1"), Arn: aws.String(rotatorARN), Input: aws.String(`{"task":"reap"}`)})
	must[*eventbridge.PutEventsOutput](t)(c.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: aws.String("billing"), DetailType: aws.String("Bill"), Detail: aws.String(`{"what":"a \"bill\"","n":7}`)},
		{Source: aws.String("someone"), DetailType: aws.String("Bill"), Detail: aws.String(`{}`)},
	}}))
	a.RunDue(t.Context())
	want(t, "invocations", strings.Join(got, " "), `{"n":7,"what":"a \"bill\""} {"saw":"a \"bill\"","n":7}`)
	got = nil
	a.Elapse(t.Context(), 150*time.Minute)
	want(t, "invocations by schedule", strings.Join(got, " "), `{"task":"reap"} {"task":"reap"}`)
}

// TestEventsThatFailAreTriedAgain: after one minute and after two more.
func TestEventsThatFailAreTriedAgain(t *testing.T) {
	a, _, _ := withRotator(t, nil)
	var at []time.Duration
	begin := a.Now()
	a.SetFunctionCode(rotatorARN, func(context.Context, []byte) ([]byte, error) {
		at = append(at, a.Now().Sub(begin).Truncate(time.Minute))
		return nil, context.Canceled
	})
	a.mu.Lock()
	a.invokeLater(a.functionByARN(rotatorARN), []byte("{}"), a.clock.now())
	a.mu.Unlock()
	a.Elapse(t.Context(), time.Hour)
	if len(at) != 3 || at[1] != time.Minute || at[2] != 3*time.Minute {
		t.Errorf("tried at %v", at)
	}
}
