package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/evidence"
	"github.com/keytend/keytend/internal/network"
	"github.com/keytend/keytend/internal/usage"
)

// gathered is what was read for the keys of one run.
type gathered struct {
	known   network.Directory
	unknown []usage.Gap // of the account's own addresses
	found   map[accesskey.ID]evidence.Found
	kept    map[accesskey.ID][]usage.Use // on record
	last    map[accesskey.ID]accesskey.Fact[accesskey.LastUse]
}

func (u *usages) since() time.Time { return u.ends.Add(-time.Duration(u.days) * 24 * time.Hour) }

// gather reads what there is to read about some keys.
func (u *usages) gather(ctx context.Context, keys []accesskey.ID) (err error) {
	u.ours.found, u.ours.last = map[accesskey.ID]evidence.Found{}, map[accesskey.ID]accesskey.Fact[accesskey.LastUse]{}
	for _, key := range keys {
		u.ours.last[key] = lastUseOf(ctx, u.session, key)
	}
	if !u.offline {
		if err := u.read(ctx, keys); err != nil {
			return err
		}
	}
	u.ours.kept, err = u.desk.Uses(ctx, u.account)
	return err
}

// lastUseOf is AWS's own word.
func lastUseOf(ctx context.Context, session *awsapi.Session, key accesskey.ID) accesskey.Fact[accesskey.LastUse] {
	last, _, err := session.KeyLastUsed(ctx, key)
	if err != nil {
		return accesskey.Unread[accesskey.LastUse](err.Error())
	}
	return accesskey.Observed(last, session.Now(), "iam:GetAccessKeyLastUsed")
}

// read reads log files and tables once for all keys, and the event history of
// each. Two keytends don't do so at once: each would count what the other read.
func (u *usages) read(ctx context.Context, keys []accesskey.ID) error {
	leave, err := u.desk.Enter("usage-" + u.account)
	if err != nil {
		return hinted{fmt.Errorf("where keys of account %s are used is being read by another keytend with this state file", u.account), "wait until it has ended, or ask with --offline"}
	}
	defer func() { _ = leave.Leave() }()
	if err := u.sweep(ctx, keys); err != nil {
		return err
	}
	history := evidence.History{Account: u.account, User: u.user, Trail: u.session, Keep: u.desk, Within: u.within, Progress: u.show}
	var looked []string
	for _, key := range keys {
		regions, err := u.regionsOf(ctx, key)
		if err != nil {
			return err
		}
		found, err := history.Collect(ctx, key, regions, u.since())
		if err != nil {
			return err
		}
		u.ours.found[key] = u.ours.found[key].And(found)
		looked = append(looked, regions...)
	}
	slices.Sort(looked)
	u.ownAddresses(ctx, slices.Compact(looked))
	return ctx.Err()
}

// sweep reads what has the events of all keys.
func (u *usages) sweep(ctx context.Context, keys []accesskey.ID) error {
	for _, place := range u.logs {
		store, atOnce, err := u.store(place)
		if err != nil {
			return err
		}
		logs := evidence.Logs{Account: u.account, User: u.user, Store: store, Keep: u.desk, Since: u.since(), Now: u.ends, AtOnce: atOnce, Progress: u.show}
		if err := u.take(logs.Collect(ctx, keys)); err != nil {
			return err
		}
	}
	if u.athena != "" {
		table := evidence.Table{Account: u.account, User: u.user, Athena: u.session, Name: u.athena, Output: u.results, WorkGroup: u.group, Day: u.day, Keep: u.desk, Since: u.since(), Now: u.ends}
		if err := u.take(table.Collect(ctx, keys)); err != nil {
			return err
		}
	}
	if u.lake == "" {
		return nil
	}
	store, err := evidence.ParseEventStore(u.lake)
	if err != nil {
		return err
	}
	lake := evidence.Lake{Account: u.account, User: u.user, Lake: u.session, Store: store, Keep: u.desk, Since: u.since(), Now: u.ends}
	return u.take(lake.Collect(ctx, keys))
}

func (u *usages) take(found map[accesskey.ID]evidence.Found, err error) error {
	for key, f := range found {
		u.ours.found[key] = u.ours.found[key].And(f)
	}
	return err
}

// objectsAtOnce is how many objects are read at once: S3 is far away, and a log
// file small.
const objectsAtOnce = 32

// store is where log files lie, and how many of them are read at once.
func (u *usages) store(place string) (_ evidence.Store, atOnce int, err error) {
	if !strings.HasPrefix(place, "s3://") {
		path, err := filepath.Abs(place)
		return evidence.Folder(path), 0, err
	}
	name, prefix, err := evidence.ParseBucket(place)
	return evidence.Bucket{S3: u.session, Name: name, Prefix: prefix, Account: u.account}, objectsAtOnce, err
}

// regionsOf are those whose event history is read: IAM's, that of the session
// and of last use, those named, and those of earlier looks.
func (u *usages) regionsOf(ctx context.Context, key accesskey.ID) ([]string, error) {
	id, err := u.session.Identity(ctx)
	if err != nil {
		return nil, err
	}
	regions := append([]string{awsapi.HomeRegion(id.Partition)}, u.regions...)
	if region, defaulted := u.session.Region(); !defaulted {
		regions = append(regions, region)
	}
	if last, _ := u.ours.last[key].Get(); regionForm.MatchString(last.Region) {
		regions = append(regions, last.Region)
	}
	streams, err := u.desk.Streams(ctx, u.account, key)
	for _, s := range streams {
		if region, ours := strings.CutPrefix(s.Via, "history "); ours {
			regions = append(regions, region)
		}
	}
	slices.Sort(regions)
	return slices.Compact(regions), err
}

// ownAddresses asks EC2 which addresses are the account's own.
func (u *usages) ownAddresses(ctx context.Context, regions []string) {
	u.ours.known.Owned = map[string]string{}
	for _, region := range regions {
		own, err := u.session.OwnAddresses(ctx, region)
		maps.Copy(u.ours.known.Owned, own)
		if err != nil {
			u.ours.unknown = append(u.ours.unknown, usage.Gap{Where: "which addresses in " + region + " are the account's own", Why: strings.ReplaceAll(err.Error(), "\n", "; ")})
		}
	}
}

// evidence is all that is known of one key.
func (u *usages) evidence(user string, key accesskey.ID) usage.Evidence {
	found := u.ours.found[key]
	var all usage.Tally
	for _, use := range slices.Concat(found.Uses, u.ours.kept[key]) {
		all.Widen(use)
	}
	e := usage.Evidence{
		Account: u.account, User: user, Key: key, LastUsed: u.ours.last[key], From: u.since(), To: u.ends, Uses: all.Uses(),
		Looked: found.Looked, Unread: found.Unread, Lacks: found.Lacks, DataSeen: found.Data, Network: u.ours.known,
	}
	if len(e.Uses) > 0 {
		e.Unread = append(slices.Clone(e.Unread), u.ours.unknown...)
	}
	return e
}

// progress shows how far the slowest look is.
func (u *usages) progress() (func(evidence.Progress), func()) {
	line, end := u.app.progressLine()
	if line == nil {
		return nil, end
	}
	return func(p evidence.Progress) {
		text := fmt.Sprintf("reading %s: %s", p.Where, count(int(p.Events), "event"))
		if p.Part > 0 {
			text += fmt.Sprintf(", %d %%", min(100, int(100*p.Part)))
		}
		line.draw(text)
	}, end
}
