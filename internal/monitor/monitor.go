// Package monitor has AWS itself watch over access keys: rules of AWS Config,
// alarms on Keytend's own metrics, event rules, and a topic that tells people.
// It knows what that takes, what of it is missing or otherwise, and why AWS
// Config's verdicts differ from Keytend's.
//
// It touches nothing that it did not make, makes no alarm on a metric that AWS
// does not publish (AWS/Config has none per rule), and never guesses why two
// verdicts differ.
package monitor

import (
	"strconv"
	"time"

	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
)

// Prefix begins the name of everything that is made here.
const Prefix = "keytend-"

// The tag of what is made here, by which it is known again.
const (
	tagKey   = "keytend:made-by"
	tagValue = "monitor install"
)

// madeHere begins the description of what AWS lets have no tags.
const madeHere = "Made by keytend monitor install."

// Options say what is to be watched, and how.
type Options struct {
	MaxAge time.Duration // of an Active key; AWS Config counts whole days
	Unused time.Duration // after which a key should be off
	Late   time.Duration // how much older than MaxAge the oldest key gets before that is an alarm of its own

	Topic string   // ARN of a topic that is there; empty: our own
	Mail  []string // addresses that are told, by our own topic

	Organization  bool // AWS Config's rules in every account of the organization
	WithoutConfig bool // neither rules of AWS Config nor events about them
}

// rulesOn are AWS Config's managed rules on access keys.
// https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html
func (o Options) rulesOn() []ruleWanted {
	return []ruleWanted{
		{Rotated, "access-keys-rotated", "maxAccessKeyAge", wholeDays(o.MaxAge)},
		{Unused, "iam-user-unused-credentials-check", "maxCredentialUsageAge", wholeDays(o.Unused)},
		{RootKey, "iam-root-access-key-check", "", 0},
	}
}

// The managed rules, by source identifier.
const (
	Rotated = "ACCESS_KEYS_ROTATED"
	Unused  = "IAM_USER_UNUSED_CREDENTIALS_CHECK"
	RootKey = "IAM_ROOT_ACCESS_KEY_CHECK"
)

// standardLimit is a rule's limit in days where none is set.
var standardLimit = map[string]int{Rotated: 90, Unused: 90}

// ruleWanted is a rule as it is wanted.
type ruleWanted struct {
	identifier, name string
	parameter        string // its limit; empty: none
	days             int
}

func (r ruleWanted) parameters() string {
	if r.parameter == "" {
		return ""
	}
	return `{"` + r.parameter + `":"` + strconv.Itoa(r.days) + `"}`
}

func wholeDays(d time.Duration) int { return int(d / policy.Day) }

// alarms are those on Keytend's own metrics. They look at whole hours; where no
// data comes the state stays, but for the alarm that is about just that.
func (o Options) alarms(topic string) []awsapi.Alarm {
	one := func(name, metric string, dimensions map[string]string, statistic string, threshold float64, about string) awsapi.Alarm {
		return awsapi.Alarm{
			Name: Prefix + name, Description: about, Namespace: "Keytend", Metric: metric, Dimensions: dimensions, Statistic: statistic,
			Comparison: "GreaterThanThreshold", Threshold: threshold, Period: time.Hour, Periods: 1, Datapoints: 1, Missing: "ignore",
			Actions: []string{topic}, OKActions: []string{topic},
		}
	}
	state := func(is string) map[string]string { return map[string]string{"State": is} }
	silent := one("silent", "Keys", state("active"), "SampleCount", 1, "Keytend has put no metrics for a day: nobody counts keys. See that keytend scan --cloudwatch runs."+o.memo())
	silent.Comparison, silent.Missing, silent.Periods, silent.Datapoints = "LessThanThreshold", "breaching", 25, 25
	return []awsapi.Alarm{
		one("old-keys", "Keys", state("old"), "Maximum", 0, "Active access keys are older than "+spell(o.MaxAge)+". See keytend scan."),
		one("oldest-key", "OldestKeyAge", nil, "Maximum", (o.MaxAge + o.Late).Seconds(), "An Active access key is older than "+spell(o.MaxAge+o.Late)+". See keytend scan."),
		one("rotations-failed", "RotationsFailed", nil, "Sum", 0, "Rotations have failed, or need a look. See keytend status, or the lines of the rotation function's log with an alert; keytend scan where a secret was deleted."),
		one("records-blocked", "RecordsBlocked", nil, "Maximum", 0, "Work on access keys waits for a person's choice. See keytend status, or the rotation function's log and keytend secret status."),
		silent,
	}
}

// spell says a length of time in days where it is so many.
func spell(d time.Duration) string {
	if d%policy.Day == 0 {
		return count(int(d/policy.Day), "day")
	}
	return d.String()
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
