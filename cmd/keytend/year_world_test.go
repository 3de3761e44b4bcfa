package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
	"github.com/keytend/keytend/internal/policy"
)

// habit is how something that uses a key comes by it.
type habit struct {
	name   string
	share  int           // of a hundred users
	every  time.Duration // between calls
	keep   time.Duration // how long it goes on with a key once read; 0: reads it for every call
	placed bool          // the user has a destination, where the key is read
	tags   map[string]string
}

const never = time.Duration(math.MaxInt64) // read anew

// The habits of an organization. The rest of the users have keys that nobody
// uses.
var (
	copied  = habit{name: "copied", share: 6, every: policy.Day, keep: never, placed: true}
	byHand  = habit{name: "by-hand", share: 10, every: policy.Day, keep: never}
	anew    = habit{name: "reads-anew", every: 12 * time.Hour, share: 18, placed: true}
	second  = habit{name: "second", every: 12 * time.Hour, keep: never}
	habits  = []habit{copied, byHand, anew, cached, restarted, daily, weekly, monthly}
	cached  = habit{name: "caches-for-hours", share: 10, every: 8 * time.Hour, keep: 20 * time.Hour, placed: true}
	daily   = habit{name: "daily-job", share: 8, every: policy.Day, placed: true}
	weekly  = habit{name: "weekly-job", share: 6, every: 7 * policy.Day, placed: true}
	monthly = habit{name: "monthly-job", share: 5, every: 30 * policy.Day, placed: true, tags: map[string]string{"schedule": "monthly"}}
	// restarted reads its key when it starts, and is started anew once a week.
	restarted = habit{name: "weekly-restart", share: 8, every: 12 * time.Hour, keep: 7 * policy.Day, placed: true}
)

// secondUsed is how many in a hundred second keys somebody uses.
const secondUsed = 30

// keyUser is a program, or a person, that uses a key.
type keyUser struct {
	habit
	account, user string
	id, secret    string // in its hand
	read          time.Time
	next          time.Time
	made, failed  int
	complaint     string
}

// world is an organization on the simulated AWS, and whoever uses its keys.
type world struct {
	cloud    *fakeaws.AWS
	accounts []string
	closed   map[string]bool // accounts that are suspended

	lock    sync.Mutex
	users   []*keyUser
	secrets map[string]bool // that there ever were
}

// plainName is a user whose name fits into tags and names of secrets.
var plainName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,60}$`)

// newWorld fills a simulated AWS.
func newWorld(cloud *fakeaws.AWS, accounts, users int) *world {
	w := &world{cloud: cloud, closed: map[string]bool{}, secrets: map[string]bool{}}
	for n := range accounts {
		spec := population.Account(7, n, users, cloud.Now())
		spec.Management = n == 0
		if strings.Contains(strings.Join(spec.ServiceControlPolicies, ""), "CreateAccessKey") {
			spec.ServiceControlPolicies = nil // no key could be replaced there: not this story
		}
		w.closed[spec.ID] = spec.State != ""
		w.settle(&spec)
		w.accounts = append(w.accounts, spec.ID)
		cloud.AddAccount(spec)
	}
	return w
}

// settle gives an account's keys their users.
func (w *world) settle(spec *fakeaws.AccountSpec) {
	for i := range spec.Users {
		u := &spec.Users[i]
		w.nameSecrets(spec.ID, u)
		if u.Name != population.Admin {
			w.moveIn(spec, u)
		}
	}
}

// nameSecrets gives each key a secret that is known here.
func (w *world) nameSecrets(account string, u *fakeaws.UserSpec) {
	for k := range u.Keys {
		sum := sha256.Sum256([]byte(account + u.Name + u.Keys[k].ID))
		u.Keys[k].Secret = base64.StdEncoding.EncodeToString(sum[:30])
		w.secrets[u.Keys[k].Secret] = true
	}
}

// moveIn draws who uses a user's keys.
func (w *world) moveIn(spec *fakeaws.AccountSpec, u *fakeaws.UserSpec) {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, spec.ID, u.Name) // a hash takes everything
	dice := rand.New(rand.NewPCG(h.Sum64(), 7))
	drawn, found := drawHabit(dice)
	used := 0
	for k := range u.Keys {
		if u.Keys[k].Status == "Inactive" || u.Keys[k].Status == "Expired" || !found {
			continue
		}
		switch used++; {
		case used == 1:
			w.move(spec, u, &u.Keys[k], drawn)
		case used == 2 && dice.IntN(100) < secondUsed:
			w.use(spec.ID, u.Name, &u.Keys[k], second)
		}
	}
}

func drawHabit(dice *rand.Rand) (habit, bool) {
	n := dice.IntN(100)
	for _, h := range habits {
		if n -= h.share; n < 0 {
			return h, true
		}
	}
	return habit{}, false
}

// move has somebody use a user's main key, and gives it a place to be read from.
func (w *world) move(spec *fakeaws.AccountSpec, u *fakeaws.UserSpec, key *fakeaws.KeySpec, h habit) {
	if h.placed && !plainName.MatchString(u.Name) {
		h = byHand
	}
	w.use(spec.ID, u.Name, key, h)
	if !h.placed {
		return
	}
	if h.name == copied.name { // others read the same user's key as they should
		w.use(spec.ID, u.Name, key, anew)
	}
	if u.Tags == nil {
		u.Tags = map[string]string{}
	}
	for tag, value := range h.tags {
		u.Tags[tag] = value
	}
	u.Tags["keytend:deliver"] = "secretsmanager:prod/" + u.Name
	spec.Secrets = append(spec.Secrets, fakeaws.SecretSpec{
		Name: "prod/" + u.Name, Value: fmt.Sprintf(`{"accessKeyId":%q,"secretAccessKey":%q}`, key.ID, key.Secret),
	})
}

func (w *world) use(account, user string, key *fakeaws.KeySpec, h habit) {
	k := &keyUser{habit: h, account: account, user: user, id: key.ID, secret: key.Secret}
	k.next = w.cloud.Now().Add(time.Duration(len(w.users)*37%1440) * time.Minute)
	w.users = append(w.users, k)
}

// live has everybody call when it is their time, until told to stop.
func (w *world) live(stop <-chan struct{}) {
	for {
		now := w.cloud.Now()
		soonest := now.Add(policy.Day)
		w.lock.Lock()
		for _, k := range w.users {
			if w.closed[k.account] {
				continue
			}
			if !k.next.After(now) {
				k.call(w.cloud)
				k.next = now.Add(k.every)
			}
			if k.next.Before(soonest) {
				soonest = k.next
			}
		}
		w.lock.Unlock()
		timer := time.NewTimer(soonest.Sub(now))
		select {
		case <-stop:
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

var secretsValue = regexp.MustCompile(`"accessKeyId":\s*"(.+?)",\s*"secretAccessKey":\s*"(.+?)"`)

// call reads the key, where it is time to, and makes one call with it.
func (k *keyUser) call(cloud *fakeaws.AWS) {
	if now := cloud.Now(); k.placed && now.Sub(k.read) >= k.keep && k.keep != never {
		k.read = now
		for _, s := range cloud.Snapshot(k.account).Secrets {
			if s.Name == "prod/"+k.user {
				if pair := secretsValue.FindStringSubmatch(s.Value); pair != nil {
					k.id, k.secret = pair[1], pair[2]
				}
			}
		}
	}
	k.made++
	if err := callNamed(cloud, k.id, k.secret, k.name+"/1.0"); err != nil {
		k.failed++
		k.complaint = fmt.Sprintf("at %s as %s: %v", stamp(cloud.Now()), k.id, err)
	}
}

// consolidate moves whoever uses a user's second key to the place where the
// first is read, or, where there is none, to the first key.
func (w *world) consolidate(account, user string) {
	all := w.of(account, user)
	for _, k := range all {
		switch {
		case k.name != second.name:
		case all[0].placed:
			k.placed, k.keep = true, 0
		default:
			k.id, k.secret = all[0].id, all[0].secret
		}
	}
}

// of are those who use a user's keys.
func (w *world) of(account, user string) []*keyUser {
	var all []*keyUser
	for _, k := range w.users {
		if k.account == account && k.user == user {
			all = append(all, k)
		}
	}
	return all
}

// heard: people who use two keys of one user, and are told that one is due, see
// to it.
func (w *world) heard(account, user string) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.consolidate(account, user)
}

var createdSecret = regexp.MustCompile(`<SecretAccessKey>(.+?)</SecretAccessKey>`)

// handsOut are the calls whose answers have a secret.
var handsOut = []string{"CreateAccessKey", "AssumeRole"}

// remember notes the secrets that AWS hands out.
func (w *world) remember(answer *http.Response) error {
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	if found := createdSecret.FindSubmatch(body); found != nil {
		w.lock.Lock()
		w.secrets[string(found[1])] = true
		w.lock.Unlock()
	}
	return nil
}
