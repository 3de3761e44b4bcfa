package rotationlambda

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keytend/keytend/internal/accesskey"
)

// tagForm is what AWS takes in keys and values of tags.
var tagForm = regexp.MustCompile(`^[A-Za-z0-9 _.:/=+@-]{1,256}$`)

func entries() *rapid.Generator[entry] {
	return rapid.Custom(func(t *rapid.T) entry {
		at := rapid.Custom(func(t *rapid.T) time.Time {
			return time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "at"), 0).UTC()
		})
		key := rapid.StringMatching(`AKIA[A-Z2-7]{16}`)
		r := accesskey.Record{
			ID: rapid.StringMatching(`[a-z0-9]{10}`).Draw(t, "id"), Version: rapid.Int64Range(1, 1e6).Draw(t, "version"), Work: accesskey.Rotation,
			Subject: accesskey.Subject{Account: account, User: rapid.StringMatching(`[\w+=,.@-]{1,64}`).Draw(t, "user"), UserID: anaID},
			Phase:   rapid.SampledFrom([]accesskey.Phase{accesskey.Requested, accesskey.Claimed, accesskey.Created, accesskey.Overlap, accesskey.Done}).Draw(t, "phase"),
			Since:   at.Draw(t, "since"), Old: accesskey.ID(key.Draw(t, "old")), New: accesskey.ID(key.Draw(t, "new")), Terms: accesskey.DefaultTerms(),
			Intent: accesskey.Intent{Action: accesskey.CreateKey, At: at.Draw(t, "intent"), Holder: rapid.String().Draw(t, "holder")},
		}
		for range rapid.IntRange(0, 4).Draw(t, "deliveries") {
			r.Deliveries = append(r.Deliveries, accesskey.Delivery{
				Destination: "secretsmanager:" + rapid.StringMatching(`[a-z/]{1,80}`).Draw(t, "name"), Error: rapid.StringN(0, 300, 600).Draw(t, "error"), Done: at.Draw(t, "done"),
			})
		}
		return entry{Record: r, Acted: at.Draw(t, "acted"), Seq: rapid.Int64Range(1, 1e9).Draw(t, "seq"), Chain: rapid.StringMatching(`[0-9a-f]{64}`).Draw(t, "chain")}
	})
}

func TestRecordsLieInTagsAndComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tags := map[string]string{UserTag: "ana", "team": "billing"}
		var last entry
		for i := range rapid.IntRange(1, 5).Draw(t, "writes") {
			last = entries().Draw(t, "entry")
			more, err := pack(last, int64(1.8e12)+int64(i))
			if err != nil {
				t.Skip(err) // too long: the record is cut before it is packed
			}
			maps.Copy(tags, more)
			if rapid.Bool().Draw(t, "sweep") {
				for _, tag := range older(tags, int64(1.8e12)+int64(i)) {
					delete(tags, tag)
				}
			}
		}
		for key, value := range tags {
			if !tagForm.MatchString(key) || len(key) > 128 || !tagForm.MatchString(value) {
				t.Fatalf("AWS takes no tag %q = %q", key, value)
			}
		}
		got, err := unpack(tags)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(last, got.entry); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestALostWriteThatComesLate changes nothing, whatever stands there by then.
func TestALostWriteThatComesLate(t *testing.T) {
	long := entry{Record: accesskey.Record{ID: "long", Terms: accesskey.DefaultTerms()}}
	for i := range 20 {
		long.Record.Deliveries = append(long.Record.Deliveries, accesskey.Delivery{Destination: fmt.Sprintf("ssm:/a/%x", i*7919)})
	}
	short := entry{Record: accesskey.Record{ID: "short"}}
	for _, late := range []struct{ before, after entry }{{long, short}, {short, long}} {
		tags := map[string]string{}
		for _, write := range []struct {
			e        entry
			revision int64
		}{{late.after, 20}, {late.before, 10}} {
			more, err := pack(write.e, write.revision)
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(tags, more)
		}
		if got, err := unpack(tags); err != nil || got.Record.ID != late.after.Record.ID {
			t.Errorf("%v, %v", got, err)
		}
		for _, tag := range older(tags, 20) {
			delete(tags, tag)
		}
		if got, err := unpack(tags); err != nil || got.Record.ID != late.after.Record.ID {
			t.Errorf("swept: %v, %v", got, err)
		}
	}
}

func TestDamagedTagsAreNotTakenForAnOlderRecord(t *testing.T) {
	long := entry{Record: accesskey.Record{ID: "long", Terms: accesskey.DefaultTerms()}}
	for i := range 20 {
		long.Record.Deliveries = append(long.Record.Deliveries, accesskey.Delivery{Destination: fmt.Sprintf("ssm:/a/%x", i*7919)})
	}
	whole, err := pack(entry{Record: accesskey.Record{ID: "older"}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	newer, err := pack(long, 2)
	if err != nil || len(newer) < 2 {
		t.Fatalf("%d tags, %v", len(newer), err)
	}
	maps.Copy(whole, newer)
	for name, damage := range map[string]func(map[string]string){
		"one is gone":    func(m map[string]string) { delete(m, tagOf(2, 1)) },
		"one is changed": func(m map[string]string) { m[tagOf(2, 0)] = strings.Replace(m[tagOf(2, 0)], "e", "f", 1) },
		"the count":      func(m map[string]string) { m[tagOf(2, 0)] = strings.Replace(m[tagOf(2, 0)], " ", "9 ", 1) },
	} {
		tags := maps.Clone(whole)
		damage(tags)
		if got, err := unpack(tags); !errors.Is(err, errDamaged) {
			t.Errorf("%s: %v, %v", name, got.Record.ID, err)
		}
	}
}
