package main

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/config"
)

// The first policy's budgets have room for all keys to be replaced in time, not
// only for the backlog.
func TestFirstBudgets(t *testing.T) {
	c := &crew{at: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)}
	for _, test := range []struct {
		keys, largest, backlog int
		day, total, account    int
	}{
		{keys: 3, largest: 3, day: 1, total: 10, account: 3},
		{keys: 600, largest: 600, backlog: 600, day: 14, total: 400, account: 400},
		{keys: 600, largest: 30, backlog: 12, day: 14, total: 400, account: 20},
		{keys: 40, largest: 10, backlog: 40, day: 1, total: 27, account: 7},
	} {
		r := &roll{keys: test.keys, largest: test.largest, waves: map[config.Wave]int{config.WaveRest: test.backlog}}
		d := (&initialize{weeks: 12}).draft(c, r)
		if d.Day != test.day || d.Total != test.total || d.PerAccount != test.account {
			t.Errorf("%+v: %d a day, %d at once, %d in one account", test, d.Day, d.Total, d.PerAccount)
		}
	}
}
