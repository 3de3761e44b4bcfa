package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fleet"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/kubernetes"
	"github.com/keytend/keytend/internal/locate"
	"github.com/keytend/keytend/internal/rotationlambda"
)

// placesAtOnce is how many places are looked at at the same time.
const placesAtOnce = 8

// here is the search of what is not in AWS.
func (l *locating) here() (locate.Search, error) {
	s := locate.Search{
		Machine: &locate.Machine{Environ: l.app.environ, Home: l.app.home}, Strangers: l.all, History: l.history, AtOnce: placesAtOnce,
		Wanted: l.wanted,
	}
	for _, folder := range l.folders {
		whole, err := filepath.Abs(folder)
		if err != nil {
			return s, err
		}
		s.Folders = append(s.Folders, whole)
	}
	for _, state := range l.states {
		if whole, err := filepath.Abs(state); err == nil && !strings.HasPrefix(state, "s3://") {
			state = whole
		}
		s.States = append(s.States, state)
	}
	for _, name := range l.contexts {
		if name == "." {
			name = ""
		}
		cluster, err := kubernetes.Open(l.kubeconfigFile(), name, l.app.environ)
		if err != nil {
			return s, err
		}
		cluster.Namespace = l.namespace
		s.Clusters = append(s.Clusters, cluster)
	}
	return s, nil
}

func (l *locating) kubeconfigFile() string {
	if l.kubeconfig != "" {
		return l.kubeconfig
	}
	if list, _ := l.app.lookupEnv("KUBECONFIG"); list != "" {
		return filepath.SplitList(list)[0]
	}
	return filepath.Join(l.app.home, ".kube", "config")
}

// runOffline looks for one key, or for every ID there is.
func (l *locating) runOffline(ctx context.Context, here locate.Search) {
	if l.subject != "" {
		l.wanted[accesskey.ID(l.subject)] = locate.Whose{}
	}
	l.search(ctx, here)
}

// runAccount looks in the account of the credentials in use.
func (l *locating) runAccount(ctx context.Context, here locate.Search) error {
	session, err := l.app.open(ctx)
	if err != nil {
		return err
	}
	id, err := session.Identity(ctx)
	if err != nil {
		return err
	}
	if err := l.wants(ctx, session, id.Account); err != nil {
		return err
	}
	if here, err = l.inAccount(ctx, here, session, id.Account); err != nil {
		return err
	}
	l.search(ctx, here)
	return nil
}

// wants finds out which keys are meant, and where they were last used.
func (l *locating) wants(ctx context.Context, session *awsapi.Session, account string) error {
	if l.all {
		inv, err := l.app.collect(ctx, session, inventory.Options{IDs: inventory.IDsForAll, Live: true})
		if err == nil {
			l.note(inv)
		}
		return err
	}
	if id, err := accesskey.ParseID(l.subject); err == nil {
		return l.wantsKey(ctx, session, account, id)
	}
	listed, err := session.Keys(ctx, l.subject)
	switch {
	case awsapi.ClassOf(err) == awsapi.NotFound:
		return (&bench{session: session, account: account}).nobody(ctx, l.subject)
	case err != nil:
		return err
	case len(listed) == 0:
		return hinted{fmt.Errorf("user %s has no access key", l.subject), "`keytend locate ACCESS-KEY-ID` looks for one that is gone"}
	}
	for _, k := range listed {
		l.wanted[k.ID] = locate.Whose{Account: account, User: l.subject}
		last, _, err := session.KeyLastUsed(ctx, k.ID)
		l.lastUsed(account, last, err)
	}
	return nil
}

// wantsKey looks for a key even where AWS doesn't say whose it is: it may be gone,
// or another account's, and lie around all the same.
func (l *locating) wantsKey(ctx context.Context, session *awsapi.Session, account string, id accesskey.ID) error {
	if id.Temporary() {
		return hinted{fmt.Errorf("key %s is temporary: it belongs to a session, and is gone soon", id), "look for keys of users: AKIA…"}
	}
	last, user, err := session.KeyLastUsed(ctx, id)
	switch awsapi.ClassOf(err) {
	case awsapi.None:
		l.wanted[id] = locate.Whose{Account: account, User: user}
	case awsapi.NotFound:
		l.app.aside("account %s has no key %s: it was deleted, or is another account's; looking for it all the same", account, id)
		l.wanted[id] = locate.Whose{}
		return nil
	default:
		l.wanted[id] = locate.Whose{}
	}
	l.lastUsed(account, last, err)
	return ctx.Err()
}

// lastUsed notes where a key was used, to look there.
func (l *locating) lastUsed(account string, last accesskey.LastUse, err error) {
	if err != nil {
		f := awsapi.NewFailure(account, "", err)
		l.found.Gaps = append(l.found.Gaps, locate.Gap{Where: "whose a key is, and the region of its last use", Why: f.Err, Call: f.Call, Hint: f.Hint})
	}
	if regionForm.MatchString(last.Region) {
		l.near[account] = append(l.near[account], last.Region)
	}
}

// note takes the keys of an account.
func (l *locating) note(inv accesskey.Inventory) {
	for _, u := range inv.Users {
		keys, known := u.Keys.Get()
		if !known {
			l.found.Gaps = append(l.found.Gaps, locate.Gap{Where: "keys of user " + u.Name + " of account " + inv.Account.ID, Why: u.Keys.Why()})
		}
		for _, k := range keys {
			if id, known := k.ID.Get(); known {
				l.wanted[id] = locate.Whose{Account: inv.Account.ID, User: u.Name}
			}
			if last, _ := k.LastUsed.Get(); regionForm.MatchString(last.Region) {
				l.near[inv.Account.ID] = append(l.near[inv.Account.ID], last.Region)
			}
		}
	}
	for _, f := range inv.Failures {
		l.found.Gaps = append(l.found.Gaps, locate.Gap{Where: "keys of account " + inv.Account.ID, Why: f.Err, Call: f.Call, Hint: f.Hint})
	}
}

// inAccount adds an account to a search.
func (l *locating) inAccount(ctx context.Context, s locate.Search, session *awsapi.Session, account string) (locate.Search, error) {
	regions, err := l.regionsOf(ctx, session, account)
	if err != nil {
		return s, err
	}
	s.Session, s.Account, s.Regions, s.UserTag = session, account, regions, rotationlambda.UserTag
	s.ReadParameters, s.ReadSecrets = l.readParameters, l.readSecrets
	for _, name := range l.services {
		s.In = append(s.In, locate.Kind(name))
		if name == string(locate.InUserData) {
			s.In = append(s.In, locate.InTemplate)
		}
	}
	return s, nil
}

// search runs a search, with progress on a terminal.
func (l *locating) search(ctx context.Context, s locate.Search) {
	line, end := l.app.progressLine()
	defer end()
	if line != nil {
		s.Progress = func(done, total int, where string) { line.draw(fmt.Sprintf("looked at %d/%d: %s", done, total, where)) }
	}
	l.take(s.Run(ctx))
}

func (l *locating) take(found locate.Found) {
	l.found.Finds = append(l.found.Finds, found.Finds...)
	l.found.Gaps = append(l.found.Gaps, found.Gaps...)
	l.found.Looked = append(l.found.Looked, found.Looked...)
}

// runFleet learns the keys of all accounts first: a key of one may lie in another.
func (l *locating) runFleet(ctx context.Context, here locate.Search) error {
	crew, err := l.app.crew(ctx, &l.fleet)
	if err != nil {
		return err
	}
	var lock sync.Mutex
	missing := crew.visit(ctx, inventory.Options{IDs: inventory.IDsForAll, Live: true}, func(_ context.Context, _ *awsapi.Session, inv accesskey.Inventory) error {
		lock.Lock()
		defer lock.Unlock()
		l.note(inv)
		return nil
	})
	if here.Session, err = l.app.fleetBase(ctx, &l.fleet); err != nil {
		return err
	}
	l.search(ctx, here)
	unseen := map[string]bool{}
	for _, f := range missing {
		unseen[f.Account] = true
		l.found.Gaps = append(l.found.Gaps, locate.Gap{Where: "account " + f.Account, Why: f.Err, Call: f.Call, Hint: f.Hint})
	}
	entered := crew.Members[:0:0]
	for _, m := range crew.Members {
		if !unseen[m.ID] {
			entered = append(entered, m)
		}
	}
	visit := fleet.Visit{AtOnce: crew.atOnce, Look: func(ctx context.Context, m fleet.Member, session *awsapi.Session) error {
		s, err := l.inAccount(ctx, locate.Search{Wanted: l.wanted, Strangers: true, AtOnce: placesAtOnce}, session, m.ID)
		if err != nil {
			return err
		}
		found := s.Run(ctx)
		lock.Lock()
		defer lock.Unlock()
		l.take(inItsAccount(found, m.ID))
		return nil
	}}
	for _, f := range visit.Each(ctx, entered) {
		l.found.Gaps = append(l.found.Gaps, locate.Gap{Where: "account " + f.Account, Why: f.Err, Call: f.Call, Hint: f.Hint})
	}
	l.found.Sort()
	return nil
}

// inItsAccount says of each place which account it is in.
func inItsAccount(found locate.Found, account string) locate.Found {
	for i := range found.Gaps {
		found.Gaps[i].Where = "account " + account + ": " + found.Gaps[i].Where
	}
	for i := range found.Looked {
		found.Looked[i] = "account " + account + ": " + found.Looked[i]
	}
	return found
}
