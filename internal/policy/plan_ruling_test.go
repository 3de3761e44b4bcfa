package policy

import (
	"reflect"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// TestSharedRulings: items share a ruling where it says the same, and never where
// any field but the key's own differs: each field is changed in turn.
func TestSharedRulings(t *testing.T) {
	whole := func() Ruling {
		return Ruling{
			Mode: Enforce, Rules: DefaultRules(), Deliver: []string{"x"}, Owner: "ana", OwnerFrom: "tag", LeftOut: "out",
			Exempt: &Exemption{Reason: "vendor"}, Windows: []Weekly{{Days: []time.Weekday{time.Monday}}},
			Freezes: []Span{{Why: "year end"}}, Budgets: []accesskey.Reservation{{Budget: "all", Limit: 3}}, Deciders: []string{"*"},
		}
	}
	own := map[string]bool{"Deliver": true, "Owner": true, "OwnerFrom": true}
	p := &planner{}
	one := whole()
	first := p.shared(&one)
	if first.Owner != "" || first.Deliver != nil || one.Owner != "ana" {
		t.Fatalf("what is the key's own: %+v, %+v", first, one)
	}
	for _, path := range paths(reflect.TypeFor[Ruling](), nil) {
		other := whole()
		name := reflect.TypeFor[Ruling]().Field(path[0]).Name
		disturb(t, reflect.ValueOf(&other).Elem(), path)
		if got := p.shared(&other) == first; got != own[name] {
			t.Errorf("%s changed at %v: shared %v, want %v", name, path, got, own[name])
		}
		p.rulings = p.rulings[:1]
	}
}

// paths are the places of every field of a struct, of those in it, and behind its
// pointers and in its lists; an index of a list is 0.
func paths(of reflect.Type, above []int) (all [][]int) {
	for n := range of.NumField() {
		here := append(append([]int{}, above...), n)
		inner := of.Field(n).Type
		if inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]() && inner != reflect.TypeFor[time.Location]() {
			all = append(all, paths(inner, here)...)
			continue
		}
		all = append(all, here)
	}
	return all
}

// disturb changes the field there.
func disturb(t *testing.T, v reflect.Value, path []int) {
	t.Helper()
	for _, n := range path {
		switch v.Kind() {
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
			v = v.Elem()
		case reflect.Slice:
			v = v.Index(0)
		default:
		}
		v = v.Field(n)
	}
	switch into := v.Addr().Interface().(type) {
	case *time.Time:
		*into = noon
		return
	case **time.Location:
		*into = time.UTC
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.String:
		v.SetString(v.String() + "!")
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	default:
		t.Fatalf("a field of kind %s: tell this test how to change it", v.Kind())
	}
}
