package fakeaws

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// alarm is one on a single metric.
type alarm struct {
	home *stores
	alarmSettings
	tags       map[string]string
	configured time.Time

	state, reason string
	changed       time.Time
}

// alarmSettings is what PutMetricAlarm sets, as DescribeAlarms tells it.
type alarmSettings struct {
	AlarmName               string
	AlarmArn                string
	AlarmDescription        string
	ActionsEnabled          bool
	OKActions               []string
	AlarmActions            []string
	InsufficientDataActions []string
	MetricName              string
	Namespace               string
	Statistic               string
	Dimensions              []dimension
	Period                  int
	Unit                    string
	EvaluationPeriods       int
	DatapointsToAlarm       *int
	Threshold               float64
	ComparisonOperator      string
	TreatMissingData        string
}

// The states of an alarm.
const (
	alarmOK           = "OK"
	alarmALARM        = "ALARM"
	alarmInsufficient = "INSUFFICIENT_DATA"
)

func (al *alarm) key() string { return metricKey(al.Namespace, al.MetricName, al.Dimensions) }

func (al *alarm) period() time.Duration { return time.Duration(al.Period) * time.Second }

func onAlarm(r *request) target {
	arn := r.value("ResourceARN")
	if arn == "" {
		arn = r.account.in(r.region).arn("cloudwatch", "alarm:"+cmp.Or(r.value("AlarmName"), r.value("AlarmNames.member.1")))
	}
	on := target{arn: arn}
	if al := r.account.in(r.region).alarmByARN(arn); al != nil {
		on.tags = al.tags
	}
	return on
}

func (s *stores) alarmByARN(arn string) *alarm {
	parts, _ := parseARN(arn)
	return s.alarms[strings.TrimPrefix(parts.resource, "alarm:")]
}

// whole is a parameter that is a whole number; zero: absent or none.
func (r *request) whole(name string) int {
	n, _ := strconv.Atoi(r.value(name))
	return n
}

var missingTreatments = []string{"", "missing", "ignore", "breaching", "notBreaching"}

var comparisons = []string{"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"}

// putMetricAlarm makes an alarm or changes one, whose state and tags stay.
func putMetricAlarm(r *request) (any, *apiError) {
	settings, err := r.alarmSettings()
	if err != nil {
		return nil, err
	}
	home := r.account.in(r.region)
	al := home.alarms[settings.AlarmName]
	if al == nil {
		al = &alarm{home: home, tags: tagMap(r.tags()), state: alarmInsufficient, reason: "Unchecked: Initial alarm creation", changed: r.now}
		home.alarms[settings.AlarmName] = al
	}
	settings.AlarmArn = home.arn("cloudwatch", "alarm:"+settings.AlarmName)
	al.alarmSettings, al.configured = settings, r.now
	al.lookAbout(r.aws, r.now)
	return nil, nil
}

func (r *request) alarmSettings() (alarmSettings, *apiError) {
	threshold, ok := r.float("Threshold")
	s := alarmSettings{
		AlarmName: r.value("AlarmName"), AlarmDescription: r.value("AlarmDescription"), ActionsEnabled: r.value("ActionsEnabled") != "false",
		OKActions: r.list("OKActions"), AlarmActions: r.list("AlarmActions"), InsufficientDataActions: r.list("InsufficientDataActions"),
		MetricName: r.value("MetricName"), Namespace: r.value("Namespace"), Statistic: r.value("Statistic"), Dimensions: r.dimensions(""),
		Period: r.whole("Period"), Unit: r.value("Unit"), EvaluationPeriods: r.whole("EvaluationPeriods"), Threshold: threshold,
		ComparisonOperator: r.value("ComparisonOperator"), TreatMissingData: r.value("TreatMissingData"),
	}
	if n := r.whole("DatapointsToAlarm"); n > 0 {
		s.DatapointsToAlarm = &n
	}
	day := 24 * 60 * 60
	switch {
	case r.form.Has("Metrics.member.1.Id") || r.form.Has("ExtendedStatistic"):
		return s, errValidation("The simulated AWS knows alarms on one statistic of one metric alone.")
	case !ok || s.MetricName == "" || s.Namespace == "" || s.Statistic == "":
		return s, errValidation("MetricName, Namespace, Statistic and Threshold are required for an alarm on a metric.")
	case !slices.Contains(comparisons, s.ComparisonOperator):
		return s, errValidation("Value '%s' at 'comparisonOperator' failed to satisfy constraint", s.ComparisonOperator)
	case !slices.Contains(missingTreatments, s.TreatMissingData):
		return s, errValidation("Option %s is not supported for treatMissingData parameter. Supported options are breaching, ignore, missing, notBreaching", s.TreatMissingData)
	case s.EvaluationPeriods < 1 || s.DatapointsToAlarm != nil && *s.DatapointsToAlarm > s.EvaluationPeriods:
		return s, errValidation("EvaluationPeriods should be at least 1, and DatapointsToAlarm no more than EvaluationPeriods.")
	case s.Period != 10 && s.Period != 20 && s.Period != 30 && (s.Period < 60 || s.Period%60 != 0):
		return s, errValidation("Period must be 10, 20, 30 or a multiple of 60")
	case s.Period < 3600 && s.Period*s.EvaluationPeriods > day, s.Period*s.EvaluationPeriods > 7*day:
		return s, errValidation("Metrics cannot be checked across more than seven days, with periods of less than an hour across more than one day (EvaluationPeriods * Period)")
	}
	return s, nil
}

type alarmOnWire struct {
	alarmSettings
	AlarmConfigurationUpdatedTimestamp time.Time
	StateValue, StateReason            string
	StateUpdatedTimestamp              time.Time
}

func (al *alarm) onWire() alarmOnWire {
	return alarmOnWire{al.alarmSettings, second(al.configured), al.state, al.reason, second(al.changed)}
}

func describeAlarms(r *request) (any, *apiError) {
	home, names := r.account.in(r.region), r.list("AlarmNames")
	var all []alarmOnWire
	for _, name := range slices.Sorted(maps.Keys(home.alarms)) {
		al := home.alarms[name]
		switch {
		case len(names) > 0 && !slices.Contains(names, name), !strings.HasPrefix(name, r.value("AlarmNamePrefix")),
			r.value("StateValue") != "" && r.value("StateValue") != al.state:
		default:
			all = append(all, al.onWire())
		}
	}
	limit := r.whole("MaxRecords")
	if limit == 0 {
		limit = 50
	}
	page, next, ok := pageOf(r, all, r.value("NextToken"), limit, func(al alarmOnWire) string { return al.AlarmName })
	if !ok {
		return nil, refusal("InvalidNextToken", "Invalid NextToken")
	}
	return struct {
		MetricAlarms []alarmOnWire
		NextToken    string
	}{page, next}, nil
}

func errNoAlarm() *apiError {
	return &apiError{Status: 404, Code: "ResourceNotFound", Message: "The alarm does not exist."}
}

func deleteAlarms(r *request) (any, *apiError) {
	home, names := r.account.in(r.region), r.list("AlarmNames")
	for _, name := range names {
		if home.alarms[name] == nil {
			return nil, errNoAlarm()
		}
	}
	for _, name := range names {
		delete(home.alarms, name)
	}
	return nil, nil
}

func setAlarmState(r *request) (any, *apiError) {
	al := r.account.in(r.region).alarms[r.value("AlarmName")]
	if al == nil {
		return nil, errNoAlarm()
	}
	al.become(r.aws, r.value("StateValue"), r.value("StateReason"), r.now)
	return nil, nil
}

func switchActions(on bool) func(*request) (any, *apiError) {
	return func(r *request) (any, *apiError) {
		for _, name := range r.list("AlarmNames") {
			if al := r.account.in(r.region).alarms[name]; al != nil {
				al.ActionsEnabled = on
			}
		}
		return nil, nil
	}
}

// onTaggedAlarm finds the alarm that a call on tags names.
func onTaggedAlarm(do func(*request, *alarm) (any, *apiError)) func(*request) (any, *apiError) {
	return func(r *request) (any, *apiError) {
		al := r.account.in(r.region).alarmByARN(r.value("ResourceARN"))
		if al == nil {
			return nil, &apiError{Status: 404, Code: "ResourceNotFoundException", Message: "The alarm does not exist."}
		}
		return do(r, al)
	}
}

func listAlarmTags(_ *request, al *alarm) (any, *apiError) {
	return struct{ Tags []tag }{tagList(al.tags)}, nil
}

func tagAlarm(r *request, al *alarm) (any, *apiError) {
	maps.Copy(al.tags, tagMap(r.tags()))
	return struct{}{}, nil
}

func untagAlarm(r *request, al *alarm) (any, *apiError) {
	for _, key := range r.list("TagKeys") {
		delete(al.tags, key)
	}
	return struct{}{}, nil
}
