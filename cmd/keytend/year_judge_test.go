package main

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/notice"
	"github.com/keytend/keytend/internal/policy"
)

// judge holds the year against what was promised.
func (y *year) judge() {
	for _, command := range slices.Sorted(maps.Keys(y.exits)) {
		y.t.Logf("keytend %s: %d times", command, y.exits[command])
	}
	y.nobodyFailed()
	items, records := y.plan(), y.records()
	y.noOldKeys(items)
	y.nothingUnused(items)
	y.toldOnce()
	y.toldEverything(records)
	if code, out := y.keytend("audit", "verify", "--state", y.path("state.db")); code != exitOK {
		y.t.Errorf("audit verify: exit %d\n%s", code, out)
	}
	y.noSecrets()
}

// nobodyFailed: no call of anybody's ever failed, so no used key was cut.
func (y *year) nobodyFailed() {
	made, failed := map[string]int{}, 0
	for _, k := range y.world.users {
		made[k.name] += k.made
		if k.failed > 0 {
			failed++
			y.t.Errorf("%s of %s in %s failed %d of %d times, lastly %s", k.name, k.user, k.account, k.failed, k.made, k.complaint)
		}
	}
	y.t.Logf("%d that use keys, %d of them failed; calls: %v", len(y.world.users), failed, made)
}

// keyAt names a key as plans do where nobody asked for its ID.
func keyAt(account, user string, created time.Time) string {
	return account + " " + user + " " + stamp(created)
}

// plan is what a plan of now says of every key.
func (y *year) plan() map[string]policy.Item {
	items := map[string]policy.Item{}
	var lock sync.Mutex
	p := &planning{app: y.app(), horizon: 30 * policy.Day, heed: func(i *policy.Item) {
		lock.Lock()
		defer lock.Unlock()
		items[keyAt(i.Account, i.User, i.Created)] = *i
	}}
	p.config.path, p.state.path, p.fleet.atOnce = y.path("keytend.yaml"), y.path("state.db"), accountsAtOnce
	if err := p.open(context.Background()); err != nil {
		y.t.Fatal(err)
	}
	defer p.close()
	if _, _, err := p.survey(context.Background()); err != nil {
		y.t.Fatal(err)
	}
	return items
}

// records are all there ever were.
func (y *year) records() []accesskey.Record {
	d, err := y.app().openDesk(context.Background(), &state{path: y.path("state.db")})
	if err != nil {
		y.t.Fatal(err)
	}
	defer d.close()
	all, err := d.List(context.Background(), "", true)
	if err != nil {
		y.t.Fatal(err)
	}
	ended := map[string]int{}
	for _, r := range all {
		ended[string(r.Work)+" "+string(r.Phase)+" "+string(r.Outcome)]++
	}
	y.t.Logf("%d records: %v", len(all), ended)
	return all
}

// eachActive goes through the Active keys of every account that is open.
func (y *year) eachActive(look func(account string, u fakeaws.UserSpec, k fakeaws.KeySpec)) {
	for _, id := range y.world.accounts {
		if y.world.closed[id] {
			continue
		}
		for _, u := range y.cloud.Snapshot(id).Users {
			for _, k := range u.Keys {
				if k.Status == "Active" {
					look(id, u, k)
				}
			}
		}
	}
}

// noOldKeys: none is older than 90 days but those for which there is a reason,
// which the plan says and people were told.
func (y *year) noOldKeys(items map[string]policy.Item) {
	why := map[string]int{}
	y.eachActive(func(account string, u fakeaws.UserSpec, k fakeaws.KeySpec) {
		if y.cloud.Now().Sub(k.Created) <= 90*policy.Day {
			why["young"]++
			return
		}
		i := items[keyAt(account, u.Name, k.Created)]
		reason := y.reasonFor(account, u, i)
		if reason == "" {
			y.t.Errorf("%s of %s in %s is %s old: %s, %s: %s; used by %s", k.ID, u.Name, account, (y.cloud.Now().Sub(k.Created) / policy.Day * policy.Day).String(), i.Action, i.Reason, i.Saw, y.namesOf(account, u.Name))
		}
		why[reason]++
	})
	y.t.Logf("Active keys: %v", why)
}

// reasonFor is why a key may be old; empty: it may not.
func (y *year) reasonFor(account string, u fakeaws.UserSpec, i policy.Item) string {
	users := y.world.of(account, u.Name)
	is := func(name string) bool {
		return slices.ContainsFunc(users, func(k *keyUser) bool { return k.name == name })
	}
	switch {
	case i.Saw == "":
		return ""
	case i.Reason == policy.WhyExempt, i.Reason == policy.WhyLeftOut, i.Reason == policy.WhyLeaked && i.Action == policy.Cannot:
		return string(i.Reason)
	case i.Action == policy.Cannot && i.Reason == policy.WhyNoDestination && u.Tags["keytend:deliver"] == "":
		return string(i.Reason)
	case i.Action == policy.Blocked && i.Reason == policy.WhyStillUsed && is(copied.name) && y.post.says(notice.StillUsed, account, u.Name, copied.name):
		return "still used by who never switched"
	case i.Reason == policy.WhyReplacement && is(copied.name):
		return "the replacement that not everybody took up"
	}
	return ""
}

func (y *year) namesOf(account, user string) string {
	var names []string
	for _, k := range y.world.of(account, user) {
		names = append(names, k.name+" "+k.id)
	}
	return strings.Join(names, ", ")
}

// nothingUnused: what nobody used for 90 days, and some for a weekend and the
// lag, is off.
func (y *year) nothingUnused(items map[string]policy.Item) {
	y.eachActive(func(account string, u fakeaws.UserSpec, k fakeaws.KeySpec) {
		last := k.Created
		if k.LastUsed != nil && k.LastUsed.At.After(last) {
			last = k.LastUsed.At
		}
		i := items[keyAt(account, u.Name, k.Created)]
		if idle := y.cloud.Now().Sub(last); idle > 96*policy.Day && y.reasonFor(account, u, i) == "" {
			y.t.Errorf("%s of %s in %s is unused for %s and Active: %s, %s: %s", k.ID, u.Name, account, idle.Round(time.Hour), i.Action, i.Reason, i.Saw)
		}
	})
}

// toldOnce: one digest an owner and day, each rung once, overdue ones a week
// apart.
func (y *year) toldOnce() {
	if y.post.trouble != nil {
		y.t.Error(y.post.trouble)
	}
	days := map[string]int{}
	for _, day := range y.post.days {
		if days[day]++; days[day] == 2 {
			y.t.Errorf("two digests for %s", day)
		}
	}
	kinds, latest := map[notice.Kind]int{}, map[string]time.Time{}
	for _, e := range y.post.told {
		kinds[e.Kind]++
		rung := strings.Join([]string{e.to, e.Account, e.User, e.Key, string(e.Kind), stamp(e.At), e.rung()}, " ")
		before, again := latest[rung]
		if again {
			y.t.Errorf("%s was told twice that %s of %s is %s: %s and %s", e.to, e.Key, e.User, e.Kind, stamp(before), stamp(e.at))
		}
		latest[rung] = e.at
	}
	y.t.Logf("%d digests: %v", len(y.post.days), kinds)
}

// toldEverything: whoever owns a key heard that it was to be switched off, that
// it was, and that it stands still.
func (y *year) toldEverything(records []accesskey.Record) {
	lately := y.cloud.Now().Add(-2 * policy.Day)
	for _, r := range records {
		want := map[notice.Kind]bool{}
		if off := r.OldExit.Deactivated; !off.IsZero() && off.Before(lately) {
			want[notice.Deactivated] = true
			want[notice.Noticed] = r.Work == accesskey.Retirement
		}
		if r.Block != nil && r.Phase == accesskey.Blocked && r.Block.Since.Before(lately) {
			want[notice.Blocked] = r.Block.Reason != policy.WhyStillUsed
			want[notice.StillUsed] = r.Block.Reason == policy.WhyStillUsed
		}
		for kind, wanted := range want {
			if wanted && !y.post.says(kind, r.Subject.Account, r.Subject.User, "") {
				y.t.Errorf("nobody was told that %s of %s in %s is %s", r.Old, r.Subject.User, r.Subject.Account, kind)
			}
		}
	}
}

var secretLike = regexp.MustCompile(`[A-Za-z0-9+/]{40,}`)

// noSecrets: none in anything that was printed, sent or kept.
func (y *year) noSecrets() {
	texts := map[string][]byte{"the output": y.said.Bytes(), "a notice": y.post.text.Bytes()}
	err := filepath.WalkDir(y.folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		texts[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		y.t.Error(err)
	}
	for name, text := range texts {
		for _, run := range secretLike.FindAll(text, -1) {
			for i := 0; i+40 <= len(run); i++ {
				if y.world.secrets[string(run[i:i+40])] {
					y.t.Errorf("a secret is in %s", name)
				}
			}
		}
	}
	y.t.Logf("%d secrets looked for in %d texts", len(y.world.secrets), len(texts))
}
