package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// dataOf are data by name and dimensions.
func dataOf(data []Datum) map[string]float64 {
	m := map[string]float64{}
	for _, d := range data {
		name := d.Name
		for _, dimension := range []string{"Account", "State"} {
			if value := d.Dimensions[dimension]; value != "" {
				name += "/" + value
			}
		}
		m[name] = d.Value
	}
	return m
}

func TestMetrics(t *testing.T) {
	inv := accesskey.Inventory{Account: accesskey.Account{ID: "123456789012"}, Users: []accesskey.User{
		user("a", "", key("AKIAIOSFODNN7EXAMPLE", accesskey.Active, days(100), accesskey.LastUse{}), key("AKIAI44QH8DHBEXAMPLE", accesskey.Inactive, days(900), accesskey.LastUse{})),
		user("b", "", key("AKIAI55QH8DHBEXAMPLE", accesskey.Active, days(3), accesskey.LastUse{At: days(1)})),
	}}
	inv.Root.Keys = seen([]accesskey.Key{})
	count := func(byAccount bool, inv accesskey.Inventory) map[string]float64 {
		m := NewMetrics(byAccount)
		m.Account(inv, policy.Findings(inv, policy.DefaultRules(), now), now)
		return dataOf(m.Data())
	}
	day := (24 * time.Hour).Seconds()
	want := map[string]float64{"Keys/active": 2, "Keys/inactive": 1, "Keys/old": 1, "Keys/unused": 1, "OldestKeyAge": 100 * day}
	if diff := cmp.Diff(want, count(false, inv)); diff != "" {
		t.Error(diff)
	}
	for name, value := range map[string]float64{"Keys/123456789012/active": 2, "Keys/123456789012/old": 1, "OldestKeyAge/123456789012": 100 * day} {
		if got := count(true, inv)[name]; got != value {
			t.Errorf("%s: %v, want %v", name, got, value)
		}
	}
	inv.Users = inv.Users[1:]
	want = map[string]float64{"Keys/active": 1, "Keys/inactive": 0, "Keys/old": 0, "Keys/unused": 0, "OldestKeyAge": 3 * day}
	if diff := cmp.Diff(want, count(false, inv)); diff != "" {
		t.Error(diff)
	}
	unread := user("c", "")
	unread.Keys = accesskey.Unread[[]accesskey.Key]("throttled")
	inv.Users = append(inv.Users, unread)
	if diff := cmp.Diff(map[string]float64{"Keys/active": 1, "OldestKeyAge": 3 * day}, count(false, inv)); diff != "" {
		t.Errorf("what could not be read is not none: %s", diff)
	}
}

func TestEmbeddedMetrics(t *testing.T) {
	var b bytes.Buffer
	data := []Datum{{Name: "Keys", Unit: "Count", Value: 3, Dimensions: map[string]string{"State": "old"}}, RotationsFailed(1)}
	if err := EmbedMetrics(&b, now, data); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	want := []string{
		`{"Keys":3,"State":"old","_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"Keytend","Dimensions":[["State"]],"Metrics":[{"Name":"Keys","Unit":"Count"}]}]}}`,
		`{"RotationsFailed":1,"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"Keytend","Dimensions":[[]],"Metrics":[{"Name":"RotationsFailed","Unit":"Count"}]}]}}`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Error(line)
		}
	}
}
