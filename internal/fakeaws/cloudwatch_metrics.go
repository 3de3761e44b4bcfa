package fakeaws

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// dimension is a name and a value of a metric.
type dimension struct{ Name, Value string }

// metric is one time series.
type metric struct {
	namespace, name string
	dimensions      []dimension // by name
	samples         []sample    // in the order in which they came
}

// sample is what was put at once: a value, or statistics of several.
type sample struct {
	at                    time.Time
	count, sum, low, high float64
	unit                  string
}

// metricKept is how long a metric without new data is listed.
const metricKept = 14 * 24 * time.Hour

func metricKey(namespace, name string, dimensions []dimension) string {
	words := []string{namespace, name}
	for _, d := range dimensions {
		words = append(words, d.Name, d.Value)
	}
	return strings.Join(words, "\x00")
}

func errMetricParameter(format string, args ...any) *apiError {
	err := refusal("InvalidParameterValue", format, args...)
	return err
}

// dimensions is a parameter of the form NAME.Dimensions.member.1.Name, ….
func (r *request) dimensions(at string) []dimension {
	var all []dimension
	for i := 1; ; i++ {
		one := at + "Dimensions.member." + strconv.Itoa(i)
		if !r.form.Has(one + ".Name") {
			slices.SortFunc(all, func(a, b dimension) int { return strings.Compare(a.Name, b.Name) })
			return all
		}
		all = append(all, dimension{r.value(one + ".Name"), r.value(one + ".Value")})
	}
}

// maxData is how many data one call takes.
const maxData = 1000

func putMetricData(r *request) (any, *apiError) {
	namespace := r.value("Namespace")
	if strings.HasPrefix(namespace, "AWS/") {
		return nil, errMetricParameter("The value AWS/ for parameter Namespace is invalid.")
	}
	type put struct {
		name       string
		dimensions []dimension
		samples    []sample
	}
	var all []put
	for i := 1; r.form.Has("MetricData.member." + strconv.Itoa(i) + ".MetricName"); i++ {
		at := "MetricData.member." + strconv.Itoa(i) + "."
		samples, err := r.samples(at)
		if err != nil {
			return nil, err
		}
		all = append(all, put{r.value(at + "MetricName"), r.dimensions(at), samples})
	}
	switch {
	case len(all) == 0:
		return nil, &apiError{Status: 400, Code: "MissingParameter", Message: "The parameter MetricData is required."}
	case len(all) > maxData:
		return nil, errMetricParameter("The collection MetricData must not have a size greater than %d.", maxData)
	}
	home := r.account.in(r.region)
	for _, p := range all {
		home.putSamples(r.aws, namespace, p.name, p.dimensions, p.samples)
	}
	return nil, nil
}

// samples are what one datum tells: a value, values with counts, or statistics.
func (r *request) samples(at string) ([]sample, *apiError) {
	when := r.now
	if r.form.Has(at + "Timestamp") {
		when = r.moment(at + "Timestamp")
	}
	if when.Before(r.now.Add(-metricKept)) || when.After(r.now.Add(2*time.Hour)) {
		return nil, errMetricParameter("The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks, and at most two hours ahead.")
	}
	unit := r.value(at + "Unit")
	if unit == "" {
		unit = "None"
	}
	if value, ok := r.float(at + "Value"); ok {
		return []sample{{when, 1, value, value, value, unit}}, nil
	}
	if count, ok := r.float(at + "StatisticValues.SampleCount"); ok {
		sum, _ := r.float(at + "StatisticValues.Sum")
		low, _ := r.float(at + "StatisticValues.Minimum")
		high, _ := r.float(at + "StatisticValues.Maximum")
		return []sample{{when, count, sum, low, high, unit}}, nil
	}
	var all []sample
	for i := 1; ; i++ {
		value, ok := r.float(at + "Values.member." + strconv.Itoa(i))
		if !ok {
			break
		}
		count, ok := r.float(at + "Counts.member." + strconv.Itoa(i))
		if !ok {
			count = 1
		}
		all = append(all, sample{when, count, count * value, value, value, unit})
	}
	if all == nil {
		return nil, &apiError{Status: 400, Code: "InvalidParameterCombination", Message: "At least one of the parameters must be specified: Value, Values, StatisticValues."}
	}
	return all, nil
}

// putSamples adds to a metric, and has the alarms on it look.
func (s *stores) putSamples(a *AWS, namespace, name string, dimensions []dimension, samples []sample) {
	key := metricKey(namespace, name, dimensions)
	m := s.metrics[key]
	if m == nil {
		m = &metric{namespace: namespace, name: name, dimensions: dimensions}
		s.metrics[key] = m
	}
	m.samples = append(m.samples, samples...)
	for _, alarm := range s.alarms {
		if alarm.key() == key {
			for _, one := range samples {
				alarm.lookAbout(a, one.at)
			}
		}
	}
}

func (s *stores) metric(namespace, name string, dimensions []dimension) *metric {
	if m := s.metrics[metricKey(namespace, name, dimensions)]; m != nil {
		return m
	}
	return &metric{}
}
