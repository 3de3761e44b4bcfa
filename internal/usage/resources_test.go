package usage

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestResourcesAreBounded(t *testing.T) {
	table := func(n int) string { return fmt.Sprintf("arn:aws:dynamodb:eu-central-1:123456789012:table/t%02d", n) }
	var few, many Resources
	for n := range mostResources {
		few = few.And(table(n))
	}
	if len(few) != mostResources || !slices.IsSorted(few) {
		t.Errorf("%d of them are not told apart: %v", mostResources, few)
	}
	for n := range 40 {
		many = many.And(table(n), "arn:aws:sqs:eu-central-1:123456789012:jobs")
	}
	want := Resources{"arn:aws:dynamodb:eu-central-1:123456789012:table/*", "arn:aws:sqs:eu-central-1:123456789012:jobs"}
	if !slices.Equal(many, want) {
		t.Errorf("40 tables and a queue: %v, want %v", many, want)
	}
}

// Whatever is named: few are kept, and nothing that was named is left out.
func TestResourcesLeaveNothingOut(t *testing.T) {
	parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c/d", "e:f", "g/h/i"}), 1, 3)
	rapid.Check(t, func(t *rapid.T) {
		var kept Resources
		var all []string
		for i := range rapid.IntRange(1, 60).Draw(t, "calls") {
			arn := fmt.Sprintf("arn:aws:sqs:%s:%d", strings.Join(parts.Draw(t, "parts"), ":"), i%rapid.IntRange(1, 40).Draw(t, "names"))
			all = append(all, arn)
			if kept = kept.And(arn); len(kept) > mostResources {
				t.Fatalf("%d are kept", len(kept))
			}
		}
		for _, arn := range all {
			if !kept.have(arn) {
				t.Fatalf("%s is not in %v", arn, kept)
			}
		}
	})
}

func TestOnlyWhatSucceededNamesResources(t *testing.T) {
	const table = "arn:aws:dynamodb:eu-central-1:123456789012:table/jobs"
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	call := func(failed string, named ...string) Event {
		return Event{At: at, Source: "192.0.2.1", What: What{"dynamodb.amazonaws.com", "GetItem", "eu-central-1"}, Error: failed, Resources: named}
	}
	for _, c := range []struct {
		name    string
		events  []Event
		want    int
		unnamed int64
	}{
		{"named", []Event{call("", table), call("", table)}, 1, 0},
		{"one doesn't name it", []Event{call("", table), call("")}, 1, 1},
		{"what failed", []Event{call("", table), call("AccessDenied", table+"2"), call("AccessDenied")}, 1, 0},
	} {
		var one, two Tally
		for _, e := range c.events {
			one.Add(e)
		}
		for _, u := range one.Uses() {
			two.Sum(u)
			two.Widen(u)
		}
		for _, tally := range []Tally{one, two} {
			if u := tally.Uses()[0]; len(u.Resources) != c.want || u.Unnamed != c.unnamed {
				t.Errorf("%s: %v and %d unnamed", c.name, u.Resources, u.Unnamed)
			}
		}
	}
}
