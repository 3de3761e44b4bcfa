package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

var planned = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// planOf is a plan of one item of each action, with text in every field.
func planOf(text string) Plan {
	s := policy.NewSchedule(planned, planned.Add(30*policy.Day))
	var items []policy.Item
	for _, a := range []policy.Action{policy.Begin, policy.PutOff, policy.Comes, policy.GoOn, policy.Waits, policy.Approval, policy.Blocked, policy.Cannot, policy.Unjudged, policy.Leave} {
		items = append(items, policy.Item{
			Account: "123456789012", User: text, UserID: text, Key: accesskey.ID(text), Owner: text, Work: accesskey.Rotation, Action: a,
			At: planned.Add(policy.Day), Due: planned.Add(9 * policy.Day), Reason: accesskey.Reason(text), Saw: text, Todo: text,
			Destinations: []string{text}, Evidence: []policy.Evidence{{Fact: text, Value: text, Source: text, ObservedAt: planned}},
		})
	}
	s.Add(items)
	return Plan{
		Policy: PolicyRecord{File: text, Hash: "x", Mode: text}, Only: []string{text}, Horizon: s.Horizon, Schedule: s,
		Failures: []accesskey.Failure{{Account: text, User: text, Call: text, Class: text, Err: text, Hint: text}},
	}
}

func planText(t testing.TB, f Format, p Plan, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := WritePlan(&out, f, p, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPlansObeyNoStranger(t *testing.T) {
	for _, f := range SheetFormats {
		for _, o := range []Options{{Width: 50}, {}} {
			harmless(t, string(f), planText(t, f, planOf(hostile), o), false)
		}
	}
}

func TestPlanParts(t *testing.T) {
	text := planText(t, Table, planOf("word"), Options{Width: 200})
	for _, want := range []string{
		"Begins now: 1", "+ replace word of word in 123456789012", "Goes on now: 1", "Waits for a person: 3", "Can't be judged, so nothing is done: 1",
		"Put off: 1", "Under way, waits for its time: 1", "Comes: 1", "week of 2026-11-23  1 to replace, 1 under way to go on", "Left alone", "→ word",
		"Plan: 1 to rotate, 1 to go on, 1 waiting for approval, 1 blocked, 1 for a person, since no machine can, 1 put off, 1 under way, waiting, 1 not judged; 2 left alone.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if text := planText(t, Table, planOf("word"), Options{Limit: 1}); !strings.Contains(text, "and 2 more; --output json has them all") {
		t.Errorf("limit:\n%s", text)
	}
}

func TestPlanIsReadBack(t *testing.T) {
	p := planOf("AKIAIOSFODNN7EXAMPLE")
	p.Policy.Mode = "enforce"
	text := planText(t, JSON, p, Options{})
	keepsSchema(t, "plan-v1.json", PlanDocument{}, text)
	doc, err := ReadPlan(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if doc.Totals.Rotate != 1 || len(doc.Items) != 9 || doc.Policy.Hash != "x" || !doc.GeneratedAt.Equal(planned) {
		t.Errorf("%+v", doc)
	}
	first := doc.Items[0]
	if first.Action != "begin" || first.KeyID == nil || *first.KeyID != "AKIAIOSFODNN7EXAMPLE" || !first.Due.Equal(planned.Add(9*policy.Day)) {
		t.Errorf("%+v", first)
	}
	if diff := cmp.Diff([]WeekRecord{{From: "2026-11-23", Rotate: 1, GoOn: 1}}, doc.Calendar); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "{", `{"schema":"keytend.scan/v1"}`, "[]"} {
		if _, err := ReadPlan(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
