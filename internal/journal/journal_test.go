package journal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/journal/journaltest"
	"github.com/keytend/keytend/internal/rotation"
)

var (
	_ rotation.Journal = (*Journal)(nil)
	_ rotation.History = (*Journal)(nil)
	_ rotation.Holders = (*Journal)(nil)
)

func open(t *testing.T, path string) *Journal {
	t.Helper()
	j, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func fresh(t *testing.T) *Journal { return open(t, filepath.Join(t.TempDir(), "a b", "state.db")) }

func TestContract(t *testing.T) {
	journaltest.Run(t, func(t *testing.T) rotation.Journal { return fresh(t) })
}

// lived returns a journal with five events about two users.
func lived(t *testing.T) *Journal {
	j := fresh(t)
	for i, user := range []string{"ana", "bo"} {
		r := journaltest.Record(fmt.Sprint("r", i), user)
		r, err := j.Create(t.Context(), r, journaltest.Event(r, "create"))
		for _, phase := range []accesskey.Phase{accesskey.Claimed, accesskey.Created}[:2-i] {
			next := r.Clone()
			next.Phase = phase
			if err == nil {
				r, err = j.Replace(t.Context(), r, next, journaltest.Event(next, "phase "+string(phase)))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// TestTampering changes the file behind the journal's back: Verify names what
// was done.
func TestTampering(t *testing.T) {
	rehash := func(t *testing.T, j *Journal) {
		// The owner of the file computes the whole chain anew, after a change.
		exec(t, j, `update event set body = replace(body, '"holder-1"', '"nobody"') where seq = 2`)
		prev := ""
		for seq := 1; seq <= 5; seq++ {
			var body string
			if err := j.db.QueryRow(`select body from event where seq = ?`, seq).Scan(&body); err != nil {
				t.Fatal(err)
			}
			var e Entry
			if err := json.Unmarshal([]byte(body), &e); err != nil {
				t.Fatal(err)
			}
			e.Prev = prev
			b, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			h := sha256.Sum256(b)
			prev = hex.EncodeToString(h[:])
			exec(t, j, `update event set body = ?, hash = ? where seq = ?`, string(b), prev, seq)
		}
	}
	for _, tt := range []struct {
		name   string
		tamper func(*testing.T, *Journal)
		mark   bool   // a head had been kept outside
		want   string // "": nothing found
	}{
		{"nothing", func(*testing.T, *Journal) {}, true, ""},
		{"an event is changed", sqlOf(`update event set body = replace(body, '"claimed"', '"done"') || ' ' where seq = 2`), false, "audit event 2 was changed"},
		{"an event and its hash are changed", func(t *testing.T, j *Journal) {
			exec(t, j, `update event set body = body || ' ' where seq = 2`)
			var body string
			_ = j.db.QueryRow(`select body from event where seq = 2`).Scan(&body)
			exec(t, j, `update event set hash = ? where seq = 2`, sum(body))
		}, false, "audit event 3 does not follow event 2"},
		{"an event is removed", sqlOf(`delete from event where seq = 3`), false, "audit event 3 was removed"},
		{"two events change places", sqlOf(`update event set seq = -1 where seq = 2`, `update event set seq = 2 where seq = 3`, `update event set seq = 3 where seq = -1`), false, "audit event 2 was moved: it was written as event 3"},
		{"the end is cut off", sqlOf(`delete from event where seq >= 4`, `delete from draw`, `delete from record where id = 'r1'`), true, "audit event 5 is missing"},
		{"the end is cut off, no mark kept", sqlOf(`delete from event where seq >= 4`, `delete from record where id = 'r1'`), false, ""},
		{"everything is computed anew", rehash, true, "the chain was computed anew"},
		{"a record is changed", sqlOf(`update record set body = replace(body, 'AKIAIOSFODNN7EXAMPLE', 'AKIAI44QH8DHBEXAMPLE') where id = 'r0'`), false, "record r0 of user ana was changed"},
		{"a record is set back", sqlOf(`update record set version = 1 where id = 'r0'`), false, "record r0 of user ana was changed"},
		{"a record is removed", sqlOf(`delete from record where id = 'r1'`), false, "about record r1, which was removed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := lived(t)
			mark, err := j.Latest(t.Context())
			if err != nil || mark.Seq != 5 {
				t.Fatalf("head %+v %v", mark, err)
			}
			tt.tamper(t, j)
			var marks []Mark
			if tt.mark {
				marks = append(marks, mark)
			}
			_, err = j.Verify(t.Context(), marks...)
			var found *Tampering
			if tt.want == "" && err != nil || tt.want != "" && (!errors.As(err, &found) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("found %v, want %q", err, tt.want)
			}
		})
	}
}

func sqlOf(statements ...string) func(*testing.T, *Journal) {
	return func(t *testing.T, j *Journal) {
		for _, s := range statements {
			exec(t, j, s)
		}
	}
}

func exec(t *testing.T, j *Journal, statement string, args ...any) {
	t.Helper()
	if _, err := j.db.Exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// TestExportCanBeCheckedByOthers recomputes the chain from the exported text
// alone, with nothing of ours.
func TestExportCanBeCheckedByOthers(t *testing.T) {
	j := lived(t)
	var out bytes.Buffer
	if err := j.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	prev, n := "", 0
	for s := bufio.NewScanner(&out); s.Scan(); n++ {
		var line struct {
			Hash  string
			Entry json.RawMessage
		}
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		var entry struct{ Prev string }
		if err := json.Unmarshal(line.Entry, &entry); err != nil {
			t.Fatal(err)
		}
		h := sha256.Sum256(line.Entry)
		if hex.EncodeToString(h[:]) != line.Hash || entry.Prev != prev {
			t.Errorf("line %d does not follow", n+1)
		}
		prev = line.Hash
	}
	head, err := j.Latest(t.Context())
	if err != nil || n != 5 || head.Hash != prev {
		t.Errorf("%d lines ending in %s, head %+v %v", n, prev, head, err)
	}
}

func TestNewerStateIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	j := open(t, path)
	exec(t, j, `insert into goose_db_version (version_id, is_applied) values (9999, 1)`)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrNewer) {
		t.Errorf("opened: %v, want ErrNewer", err)
	}
}

func TestNotAStateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(path, []byte("this is no database, it is a letter to my aunt"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("opened: %v, want an error that names the file", err)
	}
}

func TestStateIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: Windows has no file modes")
	}
	j := lived(t)
	files, err := filepath.Glob(j.path + "*")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, f := range append(files, filepath.Dir(j.path)) {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v, want nothing for others", f, info.Mode(), err)
		}
	}
}

// TestTwoProcesses opens the file twice, as two processes would.
func TestTwoProcesses(t *testing.T) {
	a := fresh(t)
	b := open(t, a.path)
	r := journaltest.Record("r1", "ana")
	r, err := a.Create(t.Context(), r, journaltest.Event(r, "create"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := b.Fetch(t.Context(), r.Subject); err != nil || got.ID != "r1" {
		t.Errorf("the other sees %v %v", got.ID, err)
	}
	if _, err := b.Replace(t.Context(), r, r, journaltest.Event(r, "other")); err != nil {
		t.Error(err)
	}
	if _, err := a.Replace(t.Context(), r, r, journaltest.Event(r, "late")); !errors.Is(err, rotation.ErrConflict) {
		t.Errorf("%v, want ErrConflict", err)
	}
}

func TestHolders(t *testing.T) {
	j := fresh(t)
	me, err := j.Enter("holder-1")
	if err != nil {
		t.Fatal(err)
	}
	if j.Dead(t.Context(), "holder-1") {
		t.Error("a living holder is called dead")
	}
	if j.Dead(t.Context(), "never-seen") {
		t.Error("a holder that never entered here is called dead")
	}
	if _, err := j.Enter("holder-1"); err == nil {
		t.Error("a name was given twice")
	}
	if err := me.Leave(); err != nil {
		t.Fatal(err)
	}
	if !j.Dead(t.Context(), "holder-1") {
		t.Error("a holder that left is not called dead")
	}
	if got := j.lockOf("../../etc/x"); filepath.Dir(got) != j.holders() {
		t.Errorf("a name leads out of the folder: %s", got)
	}
}

func TestList(t *testing.T) {
	j := lived(t)
	r, err := j.Fetch(t.Context(), journaltest.Record("r0", "ana").Subject)
	if err != nil {
		t.Fatal(err)
	}
	done := r.Clone()
	done.Phase, done.Ended = accesskey.Done, time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	if _, err := j.Replace(t.Context(), r, done, journaltest.Event(r, "end")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		account string
		ended   bool
		want    int
	}{{"", false, 1}, {"", true, 2}, {"123456789012", true, 2}, {"210987654321", true, 0}} {
		if list, err := j.List(t.Context(), tt.account, tt.ended); err != nil || len(list) != tt.want {
			t.Errorf("List(%q, %v) = %d records, %v; want %d", tt.account, tt.ended, len(list), err, tt.want)
		}
	}
	events, err := j.Events(t.Context(), r.Subject)
	if err != nil || len(events) != 4 || events[3].What != "end" {
		t.Errorf("events %v %v", events, err)
	}
}

func TestManyMakeItAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			j, err := Open(t.Context(), path)
			if err == nil {
				err = j.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
