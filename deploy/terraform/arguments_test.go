package module

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// schema is what the AWS provider's documentation says of one resource or data
// source, or of a block in one: testdata/provider.json, which names the pages.
type schema struct {
	Required, Optional, Computed map[string]string // name → type
	Blocks                       map[string]schema
	Want                         bool // a block that must be there
}

// provider is the whole table, by type; data sources begin with "data.".
var provider = sync.OnceValues(func() (map[string]schema, error) {
	text, err := os.ReadFile("testdata/provider.json")
	if err != nil {
		return nil, err
	}
	var table struct{ Types map[string]schema }
	err = json.Unmarshal(text, &table)
	return table.Types, err
})

// exports reports whether a resource has an attribute that can be referred to.
func exports(kind, attribute string) bool {
	table, _ := provider() // TestArgumentsAreTheProviders reports it
	s := table[kind]
	return s.Required[attribute] != "" || s.Optional[attribute] != "" || s.Computed[attribute] != ""
}

func TestArgumentsAreTheProviders(t *testing.T) {
	table, err := provider()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, dir := range append(folders(t), "../../internal/migrate/testdata/terraform") { // what migrate writes, too
		f := read(t, dir)
		for _, b := range slices.Concat(f.of("resource"), f.of("data")) {
			kind := b.Labels[0]
			if b.Type == "data" {
				kind = "data." + kind
			}
			s, ok := table[kind]
			if !ok {
				t.Errorf("%s: testdata/provider.json has no %s", f, kind)
				continue
			}
			seen[kind] = true
			s.check(t, b.Body, f.String()+": "+kind+"."+b.Labels[1], true)
		}
	}
	for kind := range table {
		if !seen[kind] {
			t.Errorf("testdata/provider.json has %s, which nothing uses", kind)
		}
	}
}

var ofTheLanguage = []string{"count", "for_each", "depends_on", "provider"}

func (s schema) check(t *testing.T, body *hclsyntax.Body, where string, top bool) {
	t.Helper()
	for name := range body.Attributes {
		if top && slices.Contains(ofTheLanguage, name) {
			continue
		}
		if s.Required[name] == "" && s.Optional[name] == "" {
			t.Errorf("%s has no argument %s", where, name)
		}
	}
	for name := range s.Required {
		if body.Attributes[name] == nil {
			t.Errorf("%s wants %s", where, name)
		}
	}
	there := map[string]bool{}
	for _, b := range body.Blocks {
		name, inner := b.Type, b.Body
		if name == "lifecycle" && top {
			continue
		}
		if name == "dynamic" {
			name, inner = b.Labels[0], content(b)
		}
		nested, ok := s.Blocks[name]
		if !ok {
			t.Errorf("%s has no block %s", where, name)
			continue
		}
		there[name] = true
		nested.check(t, inner, where+"."+name, false)
	}
	for name, nested := range s.Blocks {
		if nested.Want && !there[name] {
			t.Errorf("%s wants a block %s", where, name)
		}
	}
}

func content(dynamic *hclsyntax.Block) *hclsyntax.Body {
	for _, b := range dynamic.Body.Blocks {
		if b.Type == "content" {
			return b.Body
		}
	}
	return &hclsyntax.Body{}
}

// No alarm is on a metric that nobody sends: AWS Config publishes none on which
// rule is broken.
func TestAlarmsAreOnMetricsThatThereAre(t *testing.T) {
	published := map[string][]string{
		"Keytend":    {"Keys", "OldestKeyAge", "RotationsFailed", "RecordsBlocked"},
		"AWS/Lambda": {"Errors"},
	}
	named := map[string]bool{}
	f := read(t, ".")
	for _, alarm := range f.of("resource") {
		if alarm.Labels[0] != "aws_cloudwatch_metric_alarm" {
			continue
		}
		namespace := text(t, alarm.Body.Attributes["namespace"].Expr)
		if _, ok := published[namespace]; !ok {
			t.Errorf("alarm %s: nobody publishes into %s", alarm.Labels[1], namespace)
		}
		metric, wrong := alarm.Body.Attributes["metric_name"].Expr.Value(nil)
		if !wrong.HasErrors() && !slices.Contains(published[namespace], metric.AsString()) {
			t.Errorf("alarm %s: %s has no metric %s", alarm.Labels[1], namespace, metric.AsString())
		}
	}
	text, err := os.ReadFile("monitoring.tf")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "metric      = "); ok {
			named[strings.Trim(name, `"`)] = true
		}
	}
	if got := slices.Sorted(maps.Keys(named)); !slices.Equal(got, slices.Sorted(slices.Values(published["Keytend"]))) {
		t.Errorf("alarms on %v, want one on each of %v", got, published["Keytend"])
	}
}
