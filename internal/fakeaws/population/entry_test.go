package population_test

import (
	"strings"
	"testing"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
)

func TestEnter(t *testing.T) {
	for users, want := range map[int]string{0: "ASIA", 1: "AKIA", 12: "AKIA"} {
		aws := fakeaws.New(fakeaws.Config{Start: now})
		population.Fill(aws, population.Options{Seed: 1, Users: users, Places: true, Trail: true})
		id, secret, token, err := population.Enter(aws)
		if err != nil || !strings.HasPrefix(id, want) || secret == "" || (token != "") != (users == 0) {
			t.Errorf("%d users: %s, token %v, %v", users, id, token != "", err)
		}
		if n := len(aws.Snapshot(population.AccountID(0)).Users); n != users {
			t.Errorf("%d users, want %d", n, users)
		}
	}
}
