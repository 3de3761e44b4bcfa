package fakeaws

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// askForm sends a signed Query call, Action=Put&… or only Name=value pairs, and
// returns the answer's text.
func askForm(t *testing.T, a *AWS, service, version, action string, params ...string) string {
	t.Helper()
	form := url.Values{"Action": {action}, "Version": {version}}
	for i := 0; i < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	body := []byte(form.Encode())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+service+".eu-west-1.amazonaws.com/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	id, secret := a.AdminKey("123456789012")
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, r, hex.EncodeToString(sum[:]), service, "eu-west-1", a.Now()); err != nil {
		t.Fatal(err)
	}
	response, err := a.RoundTripper().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it is in memory
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func watch(t *testing.T, a *AWS, action string, params ...string) string {
	t.Helper()
	return askForm(t, a, "monitoring", "2010-08-01", action, params...)
}

func topics(t *testing.T, a *AWS, action string, params ...string) string {
	t.Helper()
	return askForm(t, a, "sns", "2010-03-31", action, params...)
}

const testTopic = "arn:aws:sns:eu-west-1:123456789012:alarms"

func watched(t *testing.T) *AWS {
	t.Helper()
	a := New(Config{Start: trailStart})
	a.AddAccount(oneUser("123456789012", func(s *AccountSpec) { s.ConfigRecorder = true }))
	topics(t, a, "CreateTopic", "Name", "alarms")
	topics(t, a, "Subscribe", "TopicArn", testTopic, "Protocol", "email", "Endpoint", "ops@example.com")
	a.Confirm("123456789012", "eu-west-1", "ops@example.com")
	return a
}

func putAlarm(t *testing.T, a *AWS, name, missing string, periods int, more ...string) {
	t.Helper()
	answer := watch(t, a, "PutMetricAlarm", append([]string{
		"AlarmName", name, "Namespace", "Keytend", "MetricName", "Keys", "Statistic", "Maximum", "Threshold", "0", "ComparisonOperator", "GreaterThanThreshold",
		"Period", "3600", "EvaluationPeriods", fmt.Sprint(periods), "TreatMissingData", missing, "AlarmActions.member.1", testTopic, "OKActions.member.1", testTopic}, more...)...)
	if !strings.Contains(answer, "PutMetricAlarmResponse") {
		t.Fatal(answer)
	}
}

func (a *AWS) stateOf(name string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(a.clock.now())
	return a.accounts["123456789012"].in("eu-west-1").alarms[name].state
}

// TestAlarmsInTime: what CloudWatch's documentation says of missing data, hour
// by hour.
func TestAlarmsInTime(t *testing.T) {
	a := watched(t)
	for _, missing := range []string{"missing", "ignore", "breaching", "notBreaching"} {
		putAlarm(t, a, missing, missing, 1)
	}
	putAlarm(t, a, "three", "breaching", 3)
	want := func(at string, states map[string]string) {
		t.Helper()
		for name, state := range states {
			if got := a.stateOf(name); got != state {
				t.Errorf("%s: %s is %s, want %s", at, name, got, state)
			}
		}
	}
	put := func(value string) {
		t.Helper()
		watch(t, a, "PutMetricData", "Namespace", "Keytend", "MetricData.member.1.MetricName", "Keys", "MetricData.member.1.Value", value)
	}
	a.Advance(2 * time.Minute)
	want("without data", map[string]string{"missing": alarmInsufficient, "ignore": alarmInsufficient, "breaching": alarmALARM, "notBreaching": alarmOK, "three": alarmALARM})
	put("2")
	a.Advance(2 * time.Minute)
	want("too many", map[string]string{"missing": alarmALARM, "ignore": alarmALARM, "breaching": alarmALARM, "notBreaching": alarmALARM, "three": alarmALARM})
	a.Advance(4 * time.Hour)
	want("four hours later", map[string]string{"missing": alarmInsufficient, "ignore": alarmALARM, "breaching": alarmALARM, "notBreaching": alarmOK, "three": alarmALARM})
	put("0")
	a.Advance(2 * time.Minute)
	want("none", map[string]string{"missing": alarmOK, "ignore": alarmOK, "breaching": alarmOK, "notBreaching": alarmOK, "three": alarmOK})
	a.Advance(4 * time.Hour)
	want("within the three periods and two more", map[string]string{"three": alarmOK, "breaching": alarmALARM})
	a.Advance(2 * time.Hour)
	want("after them", map[string]string{"three": alarmALARM, "ignore": alarmOK})
}

// TestAlarmsTell: a topic's subscribers hear of an alarm once, and of its end.
func TestAlarmsTell(t *testing.T) {
	a := watched(t)
	putAlarm(t, a, "old", "ignore", 1)
	for _, value := range []string{"1", "2", "0"} {
		watch(t, a, "PutMetricData", "Namespace", "Keytend", "MetricData.member.1.MetricName", "Keys", "MetricData.member.1.Value", value)
		a.Advance(26 * time.Hour)
	}
	var subjects []string
	for _, d := range a.Deliveries("123456789012", "eu-west-1") {
		subjects = append(subjects, d.Subject)
	}
	if got := strings.Join(subjects, "|"); got != `AWS Notification - Subscription Confirmation|ALARM: "old" in eu-west-1|OK: "old" in eu-west-1` {
		t.Error(got)
	}
}

// TestTopicPolicies: by the default policy alarms may publish and EventBridge
// may not; whom a policy names may. EventBridge meets no condition.
func TestTopicPolicies(t *testing.T) {
	a := watched(t)
	rule, alarm := "arn:aws:events:eu-west-1:123456789012:rule/r", "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a"
	publish := func(service, source string) bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.publishAs(service, testTopic, "s", "m", source, a.clock.now()) == nil
	}
	if !publish("cloudwatch.amazonaws.com", alarm) || publish("events.amazonaws.com", rule) {
		t.Error("the default policy admits CloudWatch alone")
	}
	admit := func(service, condition string) {
		topics(t, a, "SetTopicAttributes", "TopicArn", testTopic, "AttributeName", "Policy", "AttributeValue",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"`+service+`"},"Action":"sns:Publish","Resource":"`+testTopic+`"`+condition+`}]}`)
	}
	const ours = `,"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}`
	admit("events.amazonaws.com", "")
	if publish("cloudwatch.amazonaws.com", alarm) || !publish("events.amazonaws.com", rule) {
		t.Error("the policy admits EventBridge alone")
	}
	admit("events.amazonaws.com", ours)
	if publish("events.amazonaws.com", rule) {
		t.Error("EventBridge meets a condition")
	}
	admit("cloudwatch.amazonaws.com", ours)
	if !publish("cloudwatch.amazonaws.com", alarm) || publish("cloudwatch.amazonaws.com", strings.Replace(alarm, "123456789012", "210987654321", 1)) {
		t.Error("the policy admits alarms of that account alone")
	}
}

func TestUnconfirmedSubscriptions(t *testing.T) {
	a := watched(t)
	answer := topics(t, a, "Subscribe", "TopicArn", testTopic, "Protocol", "email", "Endpoint", "new@example.com", "ReturnSubscriptionArn", "true")
	_, arn, _ := strings.Cut(answer, "<SubscriptionArn>")
	arn, _, _ = strings.Cut(arn, "<")
	topics(t, a, "Publish", "TopicArn", testTopic, "Message", "m")
	if refused := topics(t, a, "Unsubscribe", "SubscriptionArn", arn); !strings.Contains(refused, "pending confirmation") {
		t.Error(refused)
	}
	a.Confirm("123456789012", "eu-west-1", "new@example.com")
	topics(t, a, "Publish", "TopicArn", testTopic, "Message", "n")
	got := 0
	for _, d := range a.Deliveries("123456789012", "eu-west-1") {
		if d.Endpoint == "new@example.com" && d.Subject == "" {
			got++
		}
	}
	if gone := topics(t, a, "Unsubscribe", "SubscriptionArn", arn); got != 1 || strings.Contains(gone, "Error") {
		t.Errorf("%d messages, %s", got, gone)
	}
}
