package population_test

import (
	"testing"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
)

func TestDemoTellsItsStory(t *testing.T) {
	spec := population.Demo(now)
	if n := len(spec.Users); n < 35 || n > 45 {
		t.Errorf("%d users", n)
	}
	users := map[string]fakeaws.UserSpec{}
	tooOld, fine := 0, 0
	for _, u := range spec.Users {
		users[u.Name] = u
		for _, k := range u.Keys {
			old := now.Sub(k.Created) > 90*day
			tooOld += one(old && k.Status == "Active")
			fine += one(!old && k.LastUsed != nil)
		}
	}
	if tooOld < 8 || fine < 8 {
		t.Errorf("%d keys are too old and %d fine: no contrast", tooOld, fine)
	}
	if ci := users["ci-github-deploy"].Keys[0]; now.Sub(ci.Created) < 3*365*day {
		t.Errorf("the CI key was made %s", ci.Created)
	}
	if billing := users["svc-billing"].Keys; len(billing) != 2 || billing[0].Status != "Active" || billing[1].Status != "Active" {
		t.Errorf("the rotation of svc-billing isn't half done: %+v", billing)
	}
	if hire := users["quentin.dubois"]; !hire.Keys[0].Created.Equal(hire.Created) || hire.Password == nil {
		t.Errorf("the new hire's key wasn't made at setup: %+v", hire)
	}
	if len(spec.Root.Keys) != 1 || spec.Root.Keys[0].Status != "Active" {
		t.Errorf("root keys %+v", spec.Root.Keys)
	}
}
