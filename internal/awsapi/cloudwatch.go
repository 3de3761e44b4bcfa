package awsapi

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// watchCall makes a call of CloudWatch in the session's region.
func (s *Session) watchCall(ctx context.Context, action string, form url.Values, out any) error {
	return s.fail("cloudwatch:"+action, s.wireForm(ctx, wireCall{service: "CloudWatch", host: "monitoring", action: action}, "2010-08-01", form, out))
}

// Metric is one value of a metric of one's own.
type Metric struct {
	Name       string
	Unit       string // Count, Seconds
	Dimensions map[string]string
	Value      float64
}

// metricsAtOnce keeps one call well below CloudWatch's bound of 1 MB.
const metricsAtOnce = 500

// PutMetrics adds values as of a moment (UTC) to metrics of a namespace
// (cloudwatch:PutMetricData).
func (s *Session) PutMetrics(ctx context.Context, namespace string, at time.Time, metrics []Metric) error {
	for part := range slices.Chunk(metrics, metricsAtOnce) {
		form := url.Values{"Namespace": {namespace}}
		for i, m := range part {
			head := fmt.Sprintf("MetricData.member.%d.", i+1)
			form.Set(head+"MetricName", m.Name)
			form.Set(head+"Unit", m.Unit)
			form.Set(head+"Value", strconv.FormatFloat(m.Value, 'f', -1, 64))
			form.Set(head+"Timestamp", at.UTC().Format(time.RFC3339))
			dimensionsInForm(form, head, m.Dimensions)
		}
		if err := s.watchCall(ctx, "PutMetricData", form, nil); err != nil {
			return err
		}
	}
	return nil
}

func dimensionsInForm(form url.Values, head string, dimensions map[string]string) {
	for i, name := range slices.Sorted(maps.Keys(dimensions)) {
		at := fmt.Sprintf("%sDimensions.member.%d.", head, i+1)
		form.Set(at+"Name", name)
		form.Set(at+"Value", dimensions[name])
	}
}

// Alarm is one of CloudWatch on one metric.
type Alarm struct {
	Name, ARN, Description string
	Namespace, Metric      string
	Dimensions             map[string]string
	Statistic              string // Maximum, Sum, SampleCount
	Comparison             string // GreaterThanThreshold, LessThanThreshold
	Threshold              float64
	Period                 time.Duration
	Periods, Datapoints    int    // of so many periods, so many
	Missing                string // breaching, notBreaching, ignore, missing
	Actions, OKActions     []string
	Silenced               bool // actions are switched off

	State, Reason string    // OK, ALARM, INSUFFICIENT_DATA; and why
	Since         time.Time // UTC
}

// Alarms are those whose names begin so (cloudwatch:DescribeAlarms).
func (s *Session) Alarms(ctx context.Context, prefix string) ([]Alarm, error) {
	var all []Alarm
	for last := ""; ; {
		var out struct {
			Members []alarmOnWire `xml:"DescribeAlarmsResult>MetricAlarms>member"`
			Next    string        `xml:"DescribeAlarmsResult>NextToken"`
		}
		form := url.Values{"AlarmNamePrefix": {prefix}, "MaxRecords": {"100"}}
		if last != "" {
			form.Set("NextToken", last)
		}
		if err := s.watchCall(ctx, "DescribeAlarms", form, &out); err != nil {
			return nil, err
		}
		for _, m := range out.Members {
			all = append(all, m.alarm())
		}
		switch out.Next {
		case "":
			return all, nil
		case last:
			return nil, s.fail("cloudwatch:DescribeAlarms", errCutOff)
		}
		last = out.Next
	}
}

type alarmOnWire struct {
	AlarmName, AlarmArn, AlarmDescription string
	ActionsEnabled                        bool
	OKActions                             []string `xml:"OKActions>member"`
	AlarmActions                          []string `xml:"AlarmActions>member"`
	MetricName, Namespace, Statistic      string
	Dimensions                            []struct{ Name, Value string } `xml:"Dimensions>member"`
	Period, EvaluationPeriods             int
	DatapointsToAlarm                     int
	Threshold                             float64
	ComparisonOperator, TreatMissingData  string
	StateValue, StateReason               string
	StateUpdatedTimestamp                 time.Time
}

func (w alarmOnWire) alarm() Alarm {
	a := Alarm{
		Name: w.AlarmName, ARN: w.AlarmArn, Description: w.AlarmDescription, Namespace: w.Namespace, Metric: w.MetricName, Dimensions: map[string]string{},
		Statistic: w.Statistic, Comparison: w.ComparisonOperator, Threshold: w.Threshold, Period: time.Duration(w.Period) * time.Second,
		Periods: w.EvaluationPeriods, Datapoints: w.DatapointsToAlarm, Missing: w.TreatMissingData, Actions: w.AlarmActions, OKActions: w.OKActions,
		Silenced: !w.ActionsEnabled, State: w.StateValue, Reason: w.StateReason, Since: w.StateUpdatedTimestamp.UTC(),
	}
	for _, d := range w.Dimensions {
		a.Dimensions[d.Name] = d.Value
	}
	return a
}

// PutAlarm makes an alarm, or changes it (cloudwatch:PutMetricAlarm,
// cloudwatch:TagResource). tags are those of an alarm that is made.
func (s *Session) PutAlarm(ctx context.Context, a Alarm, tags map[string]string) error {
	form := url.Values{
		"AlarmName": {a.Name}, "AlarmDescription": {a.Description}, "Namespace": {a.Namespace}, "MetricName": {a.Metric}, "Statistic": {a.Statistic},
		"ComparisonOperator": {a.Comparison}, "Threshold": {strconv.FormatFloat(a.Threshold, 'f', -1, 64)}, "Period": {strconv.Itoa(int(a.Period.Seconds()))},
		"EvaluationPeriods": {strconv.Itoa(a.Periods)}, "DatapointsToAlarm": {strconv.Itoa(a.Datapoints)}, "TreatMissingData": {a.Missing},
		"ActionsEnabled": {strconv.FormatBool(!a.Silenced)},
	}
	dimensionsInForm(form, "", a.Dimensions)
	listInForm(form, "AlarmActions", a.Actions)
	listInForm(form, "OKActions", a.OKActions)
	tagsInForm(form, tags)
	return s.watchCall(ctx, "PutMetricAlarm", form, nil)
}

// DeleteAlarm deletes an alarm (cloudwatch:DeleteAlarms).
func (s *Session) DeleteAlarm(ctx context.Context, name string) error {
	form := url.Values{}
	listInForm(form, "AlarmNames", []string{name})
	return s.watchCall(ctx, "DeleteAlarms", form, nil)
}

// AlarmTags are an alarm's tags (cloudwatch:ListTagsForResource).
func (s *Session) AlarmTags(ctx context.Context, arn string) (map[string]string, error) {
	var out struct {
		Tags []onWireTag `xml:"ListTagsForResourceResult>Tags>member"`
	}
	err := s.watchCall(ctx, "ListTagsForResource", url.Values{"ResourceARN": {arn}}, &out)
	return tagsOffWire(out.Tags), err
}
