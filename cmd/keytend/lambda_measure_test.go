package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
)

// TestWhatAnInvocationTells: whatever people are to hear of becomes a metric that an
// alarm is on; and no zero ends an alarm that may still be true.
func TestWhatAnInvocationTells(t *testing.T) {
	failed := errors.New("x")
	for name, c := range map[string]struct {
		out    string
		alarms int
		err    error
		want   string
	}{
		"a step":                              {`null`, 0, nil, ""},
		"a step that failed":                  {`null`, 0, failed, "RotationsFailed=1 "},
		"a step in which an order is refused": {`null`, 1, nil, "RotationsFailed=1 "},
		"it could not begin":                  {``, 0, failed, "RotationsFailed=1 "},
		"a reaper without secrets":            {`{"secrets":0}`, 0, nil, "RecordsBlocked=0 RotationsFailed=0 "},
		"a reaper that found all well":        {`{"secrets":2}`, 0, nil, "RecordsBlocked=0 RotationsFailed=0 "},
		"a reaper with alarms in its log":     {`{"secrets":2}`, 1, nil, "RecordsBlocked=0 RotationsFailed=1 "},
		"the list could not be read":          {`{"secrets":0}`, 0, failed, "RotationsFailed=1 "},
		"one secret could not":                {`{"secrets":2,"failed":["a"]}`, 0, failed, "RotationsFailed=1 "},
		"one could not, one is blocked":       {`{"secrets":2,"failed":["a"],"blocked":["b"]}`, 0, failed, "RecordsBlocked=1 RotationsFailed=1 "},
		"the time was over":                   {`{"secrets":2,"left":1}`, 0, nil, "RotationsFailed=0 "},
	} {
		got := ""
		for _, d := range became(json.RawMessage(c.out), c.alarms, c.err) {
			got += fmt.Sprintf("%s=%v ", d.Name, d.Value)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
