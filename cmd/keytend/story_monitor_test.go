package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// metrics wants exactly these latest values of Keytend's own metrics in a region
// of the first account: metrics us-east-1 'Keys State=old=2' OldestKeyAge=90d.
func (s *story) metrics(ts *testscript.TestScript, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: metrics REGION [METRIC=VALUE...]")
	}
	var have []string
	for name, value := range s.aws.LatestMetrics(s.first, args[0]) {
		text := fmt.Sprint(value)
		if strings.Contains(name, "Age") {
			text = fmt.Sprintf("%dd", int(value/86400)) // the clock ticks
		}
		have = append(have, strings.TrimPrefix(name, "Keytend ")+"="+text)
	}
	slices.Sort(have)
	if want := slices.Sorted(slices.Values(args[1:])); !slices.Equal(have, want) {
		ts.Fatalf("metrics are %q, want %q", have, want)
	}
}

// alarms wants exactly these alarms in a region of the first account: alarms
// us-east-1 keytend-old-keys=OK.
func (s *story) alarms(ts *testscript.TestScript, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: alarms REGION [NAME=STATE...]")
	}
	var have []string
	states := s.aws.AlarmStates(s.first, args[0])
	for _, name := range slices.Sorted(maps.Keys(states)) {
		have = append(have, name+"="+states[name])
	}
	if want := slices.Sorted(slices.Values(args[1:])); !slices.Equal(have, want) {
		ts.Fatalf("alarms are %q, want %q", have, want)
	}
}
