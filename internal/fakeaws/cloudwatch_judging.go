package fakeaws

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// lookAbout has the alarm look whenever what is known at a time moves from one
// of its periods to the next. AWS looks every minute, at the periods that end
// then: in between nothing changes.
func (al *alarm) lookAbout(a *AWS, at time.Time) {
	at = at.Truncate(time.Minute).Add(time.Minute)
	for i := range al.EvaluationPeriods + evaluationMore + 1 {
		a.later(at.Add(time.Duration(i)*al.period()), func(now time.Time) {
			if al.home.alarms[al.AlarmName] == al {
				al.look(a, now)
			}
		})
	}
}

// evaluationMore is how many periods CloudWatch looks at besides those that an
// alarm is about: as many as in the examples of its documentation.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
const evaluationMore = 2

// look evaluates the alarm at a moment.
func (al *alarm) look(a *AWS, now time.Time) {
	m := al.home.metric(al.Namespace, al.MetricName, al.Dimensions)
	var points []float64 // the newest first
	for i := range al.EvaluationPeriods + evaluationMore {
		until := now.Add(-time.Duration(i) * al.period())
		if value, ok := m.statistic(al.Statistic, al.Unit, until.Add(-al.period()), until); ok && len(points) < al.EvaluationPeriods {
			points = append(points, value)
		}
	}
	breaching := 0
	for _, value := range points {
		if al.breaches(value) {
			breaching++
		}
	}
	state := al.judge(breaching, len(points))
	al.become(a, state, al.because(points, breaching), now)
}

func (al *alarm) breaches(value float64) bool {
	switch al.ComparisonOperator {
	case "GreaterThanThreshold":
		return value > al.Threshold
	case "GreaterThanOrEqualToThreshold":
		return value >= al.Threshold
	case "LessThanThreshold":
		return value < al.Threshold
	}
	return value <= al.Threshold
}

// judge is the state after so many data, of which some breach; what is missing
// counts as the alarm has it.
func (al *alarm) judge(breaching, have int) string {
	missing, need := al.EvaluationPeriods-have, al.EvaluationPeriods
	if al.DatapointsToAlarm != nil {
		need = *al.DatapointsToAlarm
	}
	state := func(n int) string {
		if n >= need {
			return alarmALARM
		}
		return alarmOK
	}
	switch al.TreatMissingData {
	case "breaching":
		return state(breaching + missing)
	case "notBreaching":
		return state(breaching)
	case "ignore":
		if state(breaching) != state(breaching+missing) {
			return al.state
		}
		return state(breaching)
	}
	switch {
	case have == 0:
		return alarmInsufficient
	case breaching == have:
		return alarmALARM
	}
	return state(breaching)
}

func (al *alarm) because(points []float64, breaching int) string {
	if len(points) == 0 {
		return fmt.Sprintf("Threshold Crossed: no datapoints were received for %d periods and %d missing datapoints were treated as [%s].",
			al.EvaluationPeriods, al.EvaluationPeriods, cmp.Or(al.TreatMissingData, "missing"))
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints %v were beyond the threshold (%v, %s).",
		breaching, len(points), points, al.Threshold, al.ComparisonOperator)
}

// become changes the state and does what is to be done then.
func (al *alarm) become(a *AWS, state, reason string, now time.Time) {
	if state == al.state {
		return
	}
	before := al.state
	al.state, al.reason, al.changed = state, reason, now
	if !al.ActionsEnabled {
		return
	}
	for _, action := range map[string][]string{alarmOK: al.OKActions, alarmALARM: al.AlarmActions, alarmInsufficient: al.InsufficientDataActions}[state] {
		if strings.Contains(action, ":sns:") {
			subject := fmt.Sprintf("%s: %q in %s", state, al.AlarmName, al.home.region)
			_ = a.publishAs("cloudwatch.amazonaws.com", action, subject, al.message(before), al.AlarmArn, now) // CloudWatch tells nobody but its history
		}
	}
}

// message is what a topic gets.
func (al *alarm) message(before string) string {
	text, err := json.Marshal(map[string]any{
		"AlarmName": al.AlarmName, "AlarmDescription": al.AlarmDescription, "AWSAccountId": al.home.account.id, "AlarmArn": al.AlarmArn,
		"NewStateValue": al.state, "NewStateReason": al.reason, "OldStateValue": before, "Region": al.home.region,
		"StateChangeTime": al.changed.Format("2006-01-02T15:04:05.000+0000"),
		"Trigger": map[string]any{"MetricName": al.MetricName, "Namespace": al.Namespace, "Statistic": al.Statistic, "Period": al.Period,
			"EvaluationPeriods": al.EvaluationPeriods, "ComparisonOperator": al.ComparisonOperator, "Threshold": al.Threshold, "TreatMissingData": al.TreatMissingData},
	})
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	return string(text)
}
