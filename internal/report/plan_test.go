package report

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

var planned = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// planOf is a plan of one item of each action, with text in every field.
func planOf(t testing.TB, text string) Plan {
	t.Helper()
	s := policy.NewSchedule(planned, planned.Add(30*policy.Day), nil)
	var items []policy.Item
	for _, a := range []policy.Action{policy.Begin, policy.PutOff, policy.Comes, policy.GoOn, policy.Waits, policy.Approval, policy.Blocked, policy.Cannot, policy.Unjudged, policy.Leave} {
		items = append(items, policy.Item{
			Account: "123456789012", User: text, UserID: text, Key: accesskey.ID(text), Owner: text, Work: accesskey.Rotation, Action: a, Ruling: &policy.Ruling{},
			At: planned.Add(policy.Day), Due: planned.Add(9 * policy.Day), Reason: accesskey.Reason(text), Saw: text, Todo: text,
			Destinations: []string{text}, Used: []string{text}, Evidence: []policy.Evidence{{Fact: text, Value: text, Source: text, ObservedAt: planned}},
		})
	}
	if err := errors.Join(s.Add(items), s.Allot(nil)); err != nil {
		t.Fatal(err)
	}
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
			harmless(t, string(f), planText(t, f, planOf(t, hostile), o), false)
		}
	}
}

func TestPlanParts(t *testing.T) {
	text := planText(t, Table, planOf(t, "word"), Options{Width: 200})
	for _, want := range []string{
		"Begins now: 1", "+ replace word of word in 123456789012", "Goes on now: 1", "Waits for a person: 3", "Can't be judged, so nothing is done: 1",
		"Put off: 1", "Under way, waits for its time: 1", "Comes: 1", "week of 2026-11-23  1 to replace, 1 under way to go on", "Left alone", "→ word",
		"Plan: 1 to rotate, 1 to go on, 1 waiting for approval, 1 blocked, 1 for a person, since no machine can, 1 put off, 1 under way, waiting, 1 not judged; 2 left alone.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if text := planText(t, Table, planOf(t, "word"), Options{Limit: 1}); !strings.Contains(text, "and 2 more; --output json has them all") {
		t.Errorf("limit:\n%s", text)
	}
}

func all(*ItemRecord) bool { return true }

func TestPlanIsReadBack(t *testing.T) {
	p := planOf(t, "AKIAIOSFODNN7EXAMPLE")
	p.Policy.Mode = "enforce"
	text := planText(t, JSON, p, Options{})
	keepsSchema(t, "plan-v1.json", PlanDocument{}, text)
	doc, err := ReadPlan(strings.NewReader(text), all)
	if err != nil {
		t.Fatal(err)
	}
	if doc.Totals.Rotate != 1 || len(doc.Items) != 9 || doc.Policy.Hash != "x" || !doc.GeneratedAt.Equal(planned) {
		t.Errorf("%+v", doc)
	}
	some, err := ReadPlan(strings.NewReader(text), func(i *ItemRecord) bool { return i.Action == "go on" })
	if err != nil || len(some.Items) != 1 || some.Items[0].Action != "go on" || some.Totals != doc.Totals {
		t.Errorf("what is wanted of it: %v %+v", err, some)
	}
	first := doc.Items[0]
	if first.Action != "begin" || first.KeyID == nil || *first.KeyID != "AKIAIOSFODNN7EXAMPLE" || !first.Due.Equal(planned.Add(9*policy.Day)) {
		t.Errorf("%+v", first)
	}
	if diff := cmp.Diff([]WeekRecord{{From: "2026-11-23", Rotate: 1, GoOn: 1}}, doc.Calendar); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "{", `{"schema":"keytend.scan/v1"}`, "[]", `{"schema":"keytend.plan/v1","items":{}}`, text[:len(text)-4], text[:len(text)/2]} {
		if _, err := ReadPlan(strings.NewReader(bad), all); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// TestPlanIsOneDocument: what is written piece by piece is what encoding/json
// makes of the whole.
func TestPlanIsOneDocument(t *testing.T) {
	empty := Plan{Schedule: policy.NewSchedule(planned, planned.Add(30*policy.Day), nil), Horizon: planned}
	full := planOf(t, "word <&> \u009b31m")
	full.LeftOut = []LeftOut{{Account: "123456789012", Name: "sandbox", State: "SUSPENDED"}}
	full.Failures = append(full.Failures, full.Failures[0])
	for name, p := range map[string]Plan{"empty": empty, "full": full} {
		got := planText(t, JSON, p, Options{})
		doc, err := ReadPlan(strings.NewReader(got), all)
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if err := writeDocument(&want, doc); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A shelf that fails ends the plan in every format: half of one is none.
func TestPlanOfADamagedShelf(t *testing.T) {
	for _, f := range SheetFormats {
		p := Plan{Schedule: policy.NewSchedule(planned, planned, func() policy.Shelf { return damaged{} })}
		if err := WritePlan(io.Discard, f, p, Options{}); !errors.Is(err, errDamage) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

var errDamage = errors.New("no space left on device")

type damaged struct{}

func (damaged) Add(*policy.Shelved) error { return errDamage }
func (damaged) All() iter.Seq2[*policy.Shelved, error] {
	return func(yield func(*policy.Shelved, error) bool) { yield(nil, errDamage) }
}
func (damaged) Close() error { return nil }
