package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/network"
	"github.com/keytend/keytend/internal/notice"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/usage"
)

// beforeOff are the stages in which the old key's end is near, and it works.
var beforeOff = []accesskey.Phase{accesskey.Noticed, accesskey.Delivered, accesskey.Overlap}

// safetyCase is what is to be known before the old key of a record is switched
// off; nil: it is not about to be.
func (b *bench) safetyCase(ctx context.Context, res rotation.Result) *usage.Case {
	r := res.Record
	if !r.Live() || !slices.Contains(beforeOff, r.Stage()) || !r.OldExit.Deactivated.IsZero() {
		return nil
	}
	acks, _ := b.desk.Acks(ctx, b.now()) // unread: nobody is said to have
	c := usage.CaseOf(r.Old, res.Input.OldUses, b.now(), acknowledged(r, acks, b.in()), undo(r, b.in()))
	return &c
}

// in names the bench's account to a command to come back with.
func (b *bench) in() string { return namingAccount(b.many, b.account) }

func namingAccount(many bool, account string) string {
	if !many {
		return ""
	}
	return " --account " + account
}

// acknowledged is who said that they know; in names the account to commands.
func acknowledged(r accesskey.Record, acks []notice.Ack, in string) string {
	if r.Approval != nil {
		return fmt.Sprintf("%s approved it on %s.", r.Approval.By, stamp(r.Approval.At))
	}
	for _, a := range acks {
		if a.Account == r.Subject.Account && a.User == r.Subject.User && (a.Thing == "" || a.Thing == string(r.Old)) {
			return fmt.Sprintf("%s acknowledged it on %s: nobody is reminded before %s. That keeps no key on; `keytend hold %s` does.",
				a.By, stamp(a.At), a.Until.UTC().Format(time.DateOnly), a.User+in)
		}
	}
	return "Nobody has said that they know of it."
}

// undo is how switching off is taken back.
func undo(r accesskey.Record, in string) string {
	text := fmt.Sprintf("Once it is off, `keytend rollback %s` switches it on again", r.Subject.User+in)
	if r.Terms.Keep {
		return text + "; it is not deleted."
	}
	return fmt.Sprintf("%s, until it is deleted: after %s at the earliest.", text, spell(r.Terms.Rest))
}

// spell is a time as flags take it.
func spell(d time.Duration) string { return (&span{&d}).String() }

// placesShown is how many places of a key's use are told where many keys are.
const placesShown = 3

// onRecord tells where an account's keys are used, as far as it is on record.
func (d *desk) onRecord(ctx context.Context, account string, now time.Time) (map[accesskey.ID][]string, error) {
	uses, err := d.Uses(ctx, account)
	known, told := network.Directory{Ranges: network.Published()}, map[accesskey.ID][]string{}
	for key, of := range uses {
		of = usage.Since(of, now.Add(-awsapi.EventsKept))
		lines := usage.Sentences(of, known, now)
		if more := len(lines) - placesShown; more > 0 {
			lines = append(lines[:placesShown], fmt.Sprintf("And %s more: `keytend usage %s`.", count(more, "place"), key))
		}
		if rhythm := usage.Rhythm(of); rhythm != "" {
			lines = append(lines, rhythm)
		}
		told[key] = lines
	}
	return told, err
}

// openPlaces has a plan say where keys are used.
func (p *planning) openPlaces(ctx context.Context) (err error) {
	if p.places = p.desk != nil; p.places {
		p.acks, err = p.desk.Acks(ctx, p.crew.at)
	}
	return err
}

// whereUsed says of one account's items where the keys are used, as far as it is
// on record; and of those that are to be switched off now, who knows of it and
// how it is taken back.
func (p *planning) whereUsed(ctx context.Context, schedule *policy.Schedule, items []policy.Item) (err error) {
	if !p.places {
		return nil
	}
	var used map[accesskey.ID][]string
	for n := range items {
		i := &items[n]
		if i.Key == "" || !schedule.Keeps(i) {
			continue
		}
		if used == nil {
			if used, err = p.desk.onRecord(ctx, i.Account, schedule.Now); err != nil {
				return err
			}
		}
		i.Used = used[i.Key]
		if i.Action == policy.GoOn && (i.Next == policy.Deactivate || i.Phase == accesskey.Noticed) {
			i.Used = slices.Concat(i.Used, p.beforeOff(ctx, i, p.acks))
		}
	}
	return nil
}

// beforeOff is who knows that a key is to be switched off, and how that is taken
// back.
func (p *planning) beforeOff(ctx context.Context, i *policy.Item, acks []notice.Ack) []string {
	r, err := p.desk.Fetch(ctx, accesskey.Subject{Account: i.Account, User: i.User})
	if err != nil {
		return nil // it has ended meanwhile
	}
	in := namingAccount(p.state.many, i.Account)
	return []string{acknowledged(r, acks, in), undo(r, in)}
}
