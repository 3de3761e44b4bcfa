package ranking

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// asKept compares items but for what the schedule itself knows.
var asKept = cmp.Options{cmpopts.IgnoreFields(policy.Item{}, "Ruling"), cmpopts.IgnoreUnexported(policy.Item{})}

func kept(t *rapid.T) *policy.Shelved {
	text := rapid.String()
	k := &policy.Shelved{Ruled: rapid.IntRange(0, 9).Draw(t, "ruled"), Item: policy.Item{
		Account: fmt.Sprintf("%012d", rapid.IntRange(1, 5).Draw(t, "account")), User: rapid.StringMatching(`[a-c]`).Draw(t, "user"),
		Key:    accesskey.ID(rapid.StringMatching(`(AKIA[A-Z]{3})?`).Draw(t, "key")),
		Action: rapid.SampledFrom([]policy.Action{policy.Begin, policy.GoOn, policy.Cannot, policy.PutOff, policy.Waits}).Draw(t, "action"),
		Saw:    text.Draw(t, "saw"), Todo: text.Draw(t, "todo"), Late: rapid.Bool().Draw(t, "late"),
		Rank: rapid.IntRange(-3, 3).Draw(t, "rank"), Destinations: rapid.SliceOfN(text, 0, 2).Draw(t, "destinations"),
	}}
	if rapid.Bool().Draw(t, "due") {
		k.Due = now.Add(time.Duration(rapid.Int64().Draw(t, "when")))
		k.Evidence = []policy.Evidence{{Fact: "status", Value: text.Draw(t, "value"), ObservedAt: now}, {}}
	}
	return k
}

// TestItemsInOrder: whatever the pieces, items come back as they were, in the
// order for people.
func TestItemsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(kept), 0, 20).Draw(t, "items")
		shelf, want := items(rapid.IntRange(1, 9).Draw(t, "held")), map[string]int{}
		defer func() { _ = shelf.Close() }()
		for _, k := range all {
			want[fmt.Sprintf("%+v", *k)]++
			if err := shelf.Add(k); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			left, last := 0, (*policy.Shelved)(nil)
			for k, err := range shelf.All() {
				if err != nil {
					t.Fatal(err)
				}
				if last != nil && policy.CompareShelved(last, k) > 0 {
					t.Fatalf("%+v before %+v", last, k)
				}
				if want[fmt.Sprintf("%+v", *k)] == 0 {
					t.Fatalf("nobody put it there: %+v", *k)
				}
				last = k
				left++
			}
			if left != len(all) {
				t.Fatalf("%d of %d", left, len(all))
			}
		}
	})
}

// TestEveryFieldIsKept: a field that policy.Item gets one day is not forgotten.
func TestEveryFieldIsKept(t *testing.T) {
	k := &policy.Shelved{Ruled: 7}
	fill(t, reflect.ValueOf(&k.Item).Elem())
	shelf := items(1)
	defer func() { _ = shelf.Close() }()
	if err := shelf.Add(k); err != nil {
		t.Fatal(err)
	}
	for got, err := range shelf.All() {
		if diff := cmp.Diff(k, got, asKept); err != nil || diff != "" {
			t.Error(err, diff)
		}
	}
}

// fill sets every field that others can see, the ruling aside.
func fill(t *testing.T, v reflect.Value) {
	for n := range v.NumField() {
		switch f := v.Field(n); {
		case !f.CanSet() || v.Type().Field(n).Name == "Ruling":
		case f.Kind() == reflect.String:
			f.SetString(fmt.Sprintf("%s %d", v.Type().Field(n).Name, n))
		case f.Kind() == reflect.Bool:
			f.SetBool(true)
		case f.CanInt():
			f.SetInt(int64(1000 + n))
		case f.Type() == reflect.TypeFor[time.Time]():
			f.Set(reflect.ValueOf(now.Add(time.Duration(n))))
		case f.Type() == reflect.TypeFor[[]string]():
			f.Set(reflect.ValueOf([]string{"one", "", "two"}))
		case f.Type() == reflect.TypeFor[[]policy.Evidence]():
			f.Set(reflect.ValueOf(make([]policy.Evidence, 2)))
			fill(t, f.Index(1))
		default:
			t.Fatalf("field %s is a %s: write it down too", v.Type().Field(n).Name, f.Type())
		}
	}
}

// TestDamageIsTold: a file that somebody changed is no plan.
func TestDamageIsTold(t *testing.T) {
	shelf := items(1)
	defer func() { _ = shelf.Close() }()
	if err := shelf.Add(&policy.Shelved{Item: policy.Item{Account: "123456789012", User: "ana", Action: policy.Begin}}); err != nil {
		t.Fatal(err)
	}
	whole := make([]byte, shelf.ends[0])
	if _, err := shelf.file.ReadAt(whole, 0); err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		if err := errors.Join(shelf.file.Truncate(0), rewritten(shelf.file, whole[:at])); err != nil {
			t.Fatal(err)
		}
		if all, err := read(shelf); err == nil {
			t.Errorf("cut off at %d: %v", at, all)
		}
		changed := slices.Clone(whole)
		changed[at] ^= 0xff
		if err := rewritten(shelf.file, changed); err != nil {
			t.Fatal(err)
		}
		_, _ = read(shelf) // what it says can't be known; it comes to an end
	}
}

func rewritten(f *os.File, text []byte) error {
	_, err := f.WriteAt(text, 0)
	return err
}

func read(shelf policy.Shelf) (all []*policy.Shelved, err error) {
	for k, err := range shelf.All() {
		if err != nil {
			return all, err
		}
		all = append(all, k)
	}
	return all, nil
}
