package population_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
)

// What CloudTrail shows goes with what last-used data says, and is always the same.
func TestTrailGoesWithLastUse(t *testing.T) {
	left := func() fakeaws.AccountSpec {
		spec := population.Account(7, 0, 200, now)
		population.LeaveTrail(&spec, now)
		return spec
	}
	spec := left()
	if diff := cmp.Diff(spec.Events, left().Events); diff != "" {
		t.Error(diff)
	}
	keys, agents := map[string]fakeaws.KeySpec{}, map[string]bool{}
	for _, u := range spec.Users {
		for _, k := range u.Keys {
			keys[k.ID] = k
		}
	}
	for _, e := range spec.Events {
		k := keys[e.Key]
		agents[e.Agent] = true
		if k.Status != "Active" || !e.At.Equal(k.LastUsed.At) || e.Region != k.LastUsed.Region || e.At.AddDate(0, 0, 1-e.Days).Before(k.Created) {
			t.Errorf("%+v is not of %+v", e, k)
		}
	}
	if len(spec.Events) < 40 || len(agents) < 5 {
		t.Errorf("%d keys and %d programs left events", len(spec.Events), len(agents))
	}
}
