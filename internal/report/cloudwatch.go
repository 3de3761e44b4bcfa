package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// CloudWatchNamespace is where Keytend's own metrics are in CloudWatch.
const CloudWatchNamespace = "Keytend"

// Datum is one value of a metric of Keytend's own, as CloudWatch takes it.
type Datum struct {
	Name       string            // Keys, OldestKeyAge, RotationsFailed, RecordsBlocked
	Unit       string            // Count, Seconds
	Dimensions map[string]string // State, Account; nil: none
	Value      float64
}

// RotationsFailed is the datum of so many rotations that failed in one run.
func RotationsFailed(n int) Datum {
	return Datum{Name: "RotationsFailed", Unit: "Count", Value: float64(n)}
}

// RecordsBlocked is the datum of so many pieces of work that wait for a
// person's choice.
func RecordsBlocked(n int) Datum {
	return Datum{Name: "RecordsBlocked", Unit: "Count", Value: float64(n)}
}

// Metrics counts keys for CloudWatch, account by account, in bounded memory.
type Metrics struct {
	byAccount bool
	total     keyCount
	accounts  map[string]keyCount
}

// NewMetrics counts all accounts together and, with byAccount, each as well:
// CloudWatch's price is by the metric.
func NewMetrics(byAccount bool) *Metrics {
	return &Metrics{byAccount: byAccount, accounts: map[string]keyCount{}}
}

// keyCount counts keys by state.
type keyCount struct {
	states map[string]int
	oldest time.Duration
	unsure bool // there may be more
}

// keyStates are the values of the dimension State: what IAM calls a key, and
// what rules say of it.
var keyStates = []string{"active", "inactive", "old", "unused"}

// Account counts one account's keys, the root user's included. findings are all
// that the rules say of it, now is when they were judged.
func (m *Metrics) Account(inv accesskey.Inventory, findings []policy.Finding, now time.Time) {
	c := counts(inv)
	one := keyCount{states: map[string]int{"active": c.Active, "inactive": c.Inactive}}
	one.unsure = c.UsersUnknown > 0 || c.StatusUnknown > 0 || c.RootKeys == nil || len(inv.Failures) > 0
	if created, ok := oldestActive(inv, policy.Rules{}); ok {
		one.oldest = max(0, now.Sub(created))
	}
	for _, f := range findings {
		switch f.Rule {
		case policy.KeyTooOld:
			one.states["old"]++
		case policy.KeyUnused, policy.KeyNeverUsed:
			one.states["unused"]++
		}
	}
	m.total = m.total.plus(one)
	if m.byAccount {
		m.accounts[inv.Account.ID] = one
	}
}

// Unread notes that an account could not be read.
func (m *Metrics) Unread() { m.total.unsure = true }

func (c keyCount) plus(d keyCount) keyCount {
	sum := keyCount{states: map[string]int{}, oldest: max(c.oldest, d.oldest), unsure: c.unsure || d.unsure}
	for _, state := range keyStates {
		sum.states[state] = c.states[state] + d.states[state]
	}
	return sum
}

// Data are the counts as metrics. Where something could not be read, what is
// counted is the least there is: a zero is left out then, for it would end an
// alarm that is still true.
func (m *Metrics) Data() []Datum {
	data := m.total.data("")
	for _, id := range slices.Sorted(maps.Keys(m.accounts)) {
		data = append(data, m.accounts[id].data(id)...)
	}
	return data
}

func (c keyCount) data(account string) []Datum {
	var data []Datum
	add := func(name, unit, state string, value float64) {
		if value == 0 && c.unsure {
			return
		}
		d := Datum{Name: name, Unit: unit, Value: value, Dimensions: map[string]string{}}
		for dimension, is := range map[string]string{"Account": account, "State": state} {
			if is != "" {
				d.Dimensions[dimension] = is
			}
		}
		data = append(data, d)
	}
	for _, state := range keyStates {
		add("Keys", "Count", state, float64(c.states[state]))
	}
	add("OldestKeyAge", "Seconds", "", c.oldest.Truncate(time.Second).Seconds())
	return data
}

// EmbedMetrics writes data in CloudWatch's Embedded Metric Format, a line each:
// in a Lambda function's log they become metrics without any permission. at is
// when they were measured.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func EmbedMetrics(w io.Writer, at time.Time, data []Datum) error {
	type definition struct{ Name, Unit string }
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []definition
	}
	type metadata struct {
		Timestamp         int64
		CloudWatchMetrics []directive
	}
	for _, d := range data {
		names := slices.AppendSeq([]string{}, maps.Keys(d.Dimensions))
		slices.SortFunc(names, cmp.Compare[string])
		line := map[string]any{d.Name: d.Value, "_aws": metadata{at.UnixMilli(), []directive{{CloudWatchNamespace, [][]string{names}, []definition{{d.Name, d.Unit}}}}}}
		for name, value := range d.Dimensions {
			line[name] = value
		}
		text, err := json.Marshal(line)
		if err == nil {
			_, err = fmt.Fprintln(w, string(text))
		}
		if err != nil {
			return fmt.Errorf("write metric %s: %w", d.Name, err)
		}
	}
	return nil
}
