package fakeaws

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// cloudwatchService is CloudWatch as far as metrics of one's own and alarms on
// one metric go; it has no metric of AWS's services, no metric math and no
// dashboards. It speaks the Query protocol alone.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
func cloudwatchService() service {
	s := service{
		name: "monitoring", source: "monitoring.amazonaws.com", version: "2010-08-01", namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
		actions: map[string]action{
			"PutMetricData": {do: putMetricData, needs: []string{"Namespace"}, data: true, on: func(r *request) target {
				return target{arn: "*", context: map[string][]string{"cloudwatch:namespace": {r.value("Namespace")}}}
			}},
			"ListMetrics":         {do: listMetrics, reads: true},
			"GetMetricStatistics": {do: getMetricStatistics, needs: []string{"Namespace", "MetricName", "StartTime", "EndTime", "Period"}, reads: true},
			"GetMetricData":       {do: getMetricData, needs: []string{"StartTime", "EndTime"}, reads: true},
			"PutMetricAlarm":      {do: putMetricAlarm, on: onAlarm, tagging: "cloudwatch:TagResource", needs: []string{"AlarmName", "ComparisonOperator", "EvaluationPeriods"}},
			"DescribeAlarms":      {do: describeAlarms, reads: true, on: func(r *request) target { return target{arn: r.account.in(r.region).arn("cloudwatch", "alarm:*")} }},
			"DeleteAlarms":        {do: deleteAlarms, on: onAlarm},
			"SetAlarmState":       {do: setAlarmState, on: onAlarm, needs: []string{"AlarmName", "StateValue", "StateReason"}},
			"EnableAlarmActions":  {do: switchActions(true), on: onAlarm},
			"DisableAlarmActions": {do: switchActions(false), on: onAlarm},
			"ListTagsForResource": {do: onTaggedAlarm(listAlarmTags), on: onAlarm, needs: []string{"ResourceARN"}, reads: true},
			"TagResource":         {do: onTaggedAlarm(tagAlarm), on: onAlarm, needs: []string{"ResourceARN", "Tags"}},
			"UntagResource":       {do: onTaggedAlarm(untagAlarm), on: onAlarm, needs: []string{"ResourceARN", "TagKeys"}},
		},
	}
	for name, act := range s.actions {
		act.permission = "cloudwatch:" + name // it signs by another name
		s.actions[name] = act
	}
	return s
}

// moment is a parameter that is a time; the zero time: absent or none.
func (r *request) moment(name string) time.Time {
	at, err := time.Parse(time.RFC3339, r.value(name))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

func (r *request) float(name string) (float64, bool) {
	n, err := strconv.ParseFloat(r.value(name), 64)
	return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}

// statistic is one of a span's samples; false: there are none.
func (m *metric) statistic(name, unit string, from, until time.Time) (float64, bool) {
	low, high, sum, count := math.Inf(1), math.Inf(-1), 0.0, 0.0
	for _, s := range m.samples {
		if s.at.Before(from) || !s.at.Before(until) || unit != "" && s.unit != unit {
			continue
		}
		low, high, sum, count = min(low, s.low), max(high, s.high), sum+s.sum, count+s.count
	}
	if count == 0 {
		return 0, false
	}
	switch name {
	case "SampleCount":
		return count, true
	case "Sum":
		return sum, true
	case "Minimum":
		return low, true
	case "Maximum":
		return high, true
	}
	return sum / count, true
}

type metricOnWire struct {
	Namespace, MetricName string
	Dimensions            []dimension
}

// metricsPage is how many metrics one answer lists.
const metricsPage = 500

func listMetrics(r *request) (any, *apiError) {
	home := r.account.in(r.region)
	var all []metricOnWire
	for _, key := range slices.Sorted(maps.Keys(home.metrics)) {
		m := home.metrics[key]
		recent := slices.ContainsFunc(m.samples, func(s sample) bool { return r.now.Sub(s.at) < metricKept })
		if recent && r.wants(m) {
			all = append(all, metricOnWire{m.namespace, m.name, m.dimensions})
		}
	}
	page, next, ok := pageOf(r, all, r.value("NextToken"), metricsPage, func(m metricOnWire) string { return metricKey(m.Namespace, m.MetricName, m.Dimensions) })
	if !ok {
		return nil, errMetricParameter("Invalid nextToken")
	}
	return struct {
		Metrics   []metricOnWire
		NextToken string
	}{page, next}, nil
}

// wants reports whether a metric is among those that ListMetrics is asked for.
func (r *request) wants(m *metric) bool {
	if name := r.value("Namespace"); name != "" && name != m.namespace {
		return false
	}
	if name := r.value("MetricName"); name != "" && name != m.name {
		return false
	}
	for _, want := range r.dimensions("") {
		has := slices.ContainsFunc(m.dimensions, func(d dimension) bool { return d.Name == want.Name && (want.Value == "" || d.Value == want.Value) })
		if !has {
			return false
		}
	}
	return true
}

type datapoint struct {
	Timestamp                                   time.Time
	SampleCount, Average, Sum, Minimum, Maximum *float64
	Unit                                        string
}

// spans cuts the time that is asked for into periods, the oldest first.
func (r *request) spans(period time.Duration) []time.Time {
	var all []time.Time
	if period <= 0 {
		return nil
	}
	for at := r.moment("StartTime").Truncate(period); at.Before(r.moment("EndTime")); at = at.Add(period) {
		all = append(all, at)
	}
	return all
}

func (r *request) seconds(name string) time.Duration {
	n, _ := r.float(name)
	return time.Duration(n) * time.Second
}

func getMetricStatistics(r *request) (any, *apiError) {
	if !r.moment("StartTime").Before(r.moment("EndTime")) {
		return nil, errMetricParameter("The parameter StartTime must be less than the parameter EndTime.")
	}
	m := r.account.in(r.region).metric(r.value("Namespace"), r.value("MetricName"), r.dimensions(""))
	period, names := r.seconds("Period"), r.list("Statistics")
	points := []datapoint{}
	for _, at := range r.spans(period) {
		if _, ok := m.statistic("SampleCount", r.value("Unit"), at, at.Add(period)); !ok {
			continue
		}
		point := datapoint{Timestamp: at, Unit: m.samples[0].unit}
		for name, into := range map[string]**float64{"SampleCount": &point.SampleCount, "Average": &point.Average, "Sum": &point.Sum, "Minimum": &point.Minimum, "Maximum": &point.Maximum} {
			if slices.Contains(names, name) {
				value, _ := m.statistic(name, r.value("Unit"), at, at.Add(period))
				*into = &value
			}
		}
		points = append(points, point)
	}
	return struct {
		Label      string
		Datapoints []datapoint
	}{r.value("MetricName"), points}, nil
}

type metricResult struct {
	Id, Label  string
	Timestamps []time.Time
	Values     []float64
	StatusCode string
}

// getMetricData answers each query of a metric, the newest first.
func getMetricData(r *request) (any, *apiError) {
	home := r.account.in(r.region)
	results := []metricResult{}
	for i := 1; r.form.Has("MetricDataQueries.member." + strconv.Itoa(i) + ".Id"); i++ {
		at := "MetricDataQueries.member." + strconv.Itoa(i) + "."
		stat := at + "MetricStat."
		if !r.form.Has(stat + "Metric.MetricName") {
			return nil, errValidation("Query %s is no metric: the simulated AWS knows no metric math.", r.value(at+"Id"))
		}
		m := home.metric(r.value(stat+"Metric.Namespace"), r.value(stat+"Metric.MetricName"), r.dimensions(stat+"Metric."))
		period := r.seconds(stat + "Period")
		result := metricResult{Id: r.value(at + "Id"), Label: r.value(stat + "Metric.MetricName"), Timestamps: []time.Time{}, Values: []float64{}, StatusCode: "Complete"}
		for _, from := range slices.Backward(r.spans(period)) {
			if value, ok := m.statistic(r.value(stat+"Stat"), r.value(stat+"Unit"), from, from.Add(period)); ok {
				result.Timestamps, result.Values = append(result.Timestamps, from), append(result.Values, value)
			}
		}
		results = append(results, result)
	}
	return struct{ MetricDataResults []metricResult }{results}, nil
}

// LatestMetrics is the latest value of each metric of an account's region, as
// "Keytend Keys State=old" names it.
func (a *AWS) LatestMetrics(account, region string) map[string]float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	latest := map[string]float64{}
	if acct := a.accountByID(account); acct != nil {
		for _, m := range acct.in(region).metrics {
			name := m.namespace + " " + m.name
			for _, d := range m.dimensions {
				name += " " + d.Name + "=" + d.Value
			}
			latest[name] = m.samples[len(m.samples)-1].sum
		}
	}
	return latest
}

// AlarmStates are the alarms of an account's region and how they stand.
func (a *AWS) AlarmStates(account, region string) map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	states := map[string]string{}
	if acct := a.accountByID(account); acct != nil {
		a.settle(a.clock.now())
		for name, al := range acct.in(region).alarms {
			states[name] = al.state
		}
	}
	return states
}
