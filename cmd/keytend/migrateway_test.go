package main

import (
	"slices"
	"testing"

	"github.com/keytend/keytend/internal/migrate"
)

// A stray call from elsewhere gets no role of its own, and none in the place of the
// workload's: both would have the same name.
func TestNoiseGetsNoRole(t *testing.T) {
	for only, want := range map[string][]string{"": {"worker-role"}, "ecs": {"worker-ecs"}} {
		w := &way{holder: migrate.Holder{Name: "worker"}, judgement: migrate.Judgement{Workload: migrate.EC2, Parts: []migrate.Part{
			{Workload: migrate.EC2, Calls: 999, Share: 0.999}, {Workload: migrate.ECS, Calls: 1, Share: 0.001},
		}}}
		if err := (&migration{only: only}).plan(w, migrate.Surroundings{Account: "123456789012", Partition: "aws"}); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range w.plans {
			names = append(names, p.RoleName)
		}
		if !slices.Equal(names, want) {
			t.Errorf("--only %q: %v, want %v", only, names, want)
		}
	}
}
