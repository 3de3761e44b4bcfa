package notify

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/keytend/keytend/internal/notice"
)

// box is an outbox in memory.
type box struct {
	parcels map[string]notice.Parcel
	broken  bool // nothing can be written down
}

func (b *box) Outbox(_ context.Context, now time.Time) ([]notice.Parcel, error) {
	var due []notice.Parcel
	for _, p := range b.parcels {
		if p.Due(now) {
			due = append(due, p)
		}
	}
	return due, nil
}

func (b *box) Settle(_ context.Context, _, after notice.Parcel, alarms []notice.Parcel) error {
	if b.broken {
		return errors.New("disk full")
	}
	b.parcels[after.ID] = after
	for _, a := range alarms {
		b.parcels[a.ID] = a
	}
	return nil
}

// line is a channel that a test cuts.
type line struct {
	name  string
	fails error
	got   []notice.Message
	only  string // whom it reaches; empty: everybody
}

func (l *line) Name() string           { return l.name }
func (l *line) Reaches(to string) bool { return l.only == "" || strings.Contains(to, l.only) }
func (l *line) Send(_ context.Context, m notice.Message) error {
	if l.fails == nil {
		l.got = append(l.got, m)
	}
	return l.fails
}

func office(t *testing.T, to string, lines ...*line) (Post, *box) {
	t.Helper()
	p := Post{Fallback: "security@example.com", Now: func() time.Time { return noon }}
	for _, l := range lines {
		p.Channels = append(p.Channels, l)
	}
	d := Example(noon)
	d.ID, d.To, d.Test = "d1", to, false
	parcels, err := p.Parcels(d, DefaultTemplates())
	if err != nil {
		t.Fatal(err)
	}
	b := &box{parcels: map[string]notice.Parcel{}}
	for _, parcel := range parcels {
		b.parcels[parcel.ID] = parcel
	}
	return p, b
}

func TestDeliver(t *testing.T) {
	mail, chat := &line{name: "mail", only: "@"}, &line{name: "chat", fails: errors.New("down")}
	p, b := office(t, "ana@example.com", mail, chat)
	done, err := p.Deliver(t.Context(), b)
	if err != nil || len(done) != 2 || len(mail.got) != 1 {
		t.Fatalf("%v %v", done, err)
	}
	if again, _ := p.Deliver(t.Context(), b); len(again) != 0 {
		t.Fatalf("tried again at once: %v", again)
	}
	chat.fails, p.Now = nil, func() time.Time { return noon.Add(5 * time.Minute) }
	if _, err := p.Deliver(t.Context(), b); err != nil || len(chat.got) != 1 || len(mail.got) != 1 {
		t.Fatalf("mail %d, chat %d, %v", len(mail.got), len(chat.got), err)
	}
}

// mute is a channel that takes no word and heeds no context, as a mail server
// does that accepts a connection and says nothing.
type mute struct{ asked atomic.Int32 }

func (*mute) Name() string { return "mute" }
func (c *mute) Send(context.Context, notice.Message) error {
	c.asked.Add(1)
	time.Sleep(time.Hour)
	return nil
}

func TestWhoGivesNoAnswerIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent, mail := &mute{}, &line{name: "mail"}
		p, b := office(t, "ana@example.com", mail)
		p.Channels = append(p.Channels, silent)
		for _, parcel := range maps.Clone(b.parcels) {
			for _, id := range []string{"m1", "m2", "m3"} {
				parcel.ID, parcel.Channel = id, silent.Name()
				b.parcels[id] = parcel
			}
		}
		began := time.Now()
		done, err := p.Deliver(t.Context(), b)
		if took := time.Since(began); err != nil || took > 31*time.Second {
			t.Fatalf("%v after %s", err, took)
		}
		failed, kept := 0, 0
		for _, d := range done {
			switch {
			case d.Kept:
				kept++
			case errors.Is(d.Err, ErrSilent):
				failed++
			}
		}
		if len(mail.got) != 1 || silent.asked.Load() != 1 || failed != 1 || kept != 2 {
			t.Errorf("mail %d, asked %d, failed %d, kept %d", len(mail.got), silent.asked.Load(), failed, kept)
		}
		time.Sleep(time.Hour)
	})
}

// A channel that is down or overrun is tried three times, and the others in full.
func TestWhoFailsInARowIsLeftAlone(t *testing.T) {
	down, mail := &line{name: "down", fails: errors.New("status 503")}, &line{name: "mail"}
	p, b := office(t, "ana@example.com", mail, down)
	for _, parcel := range maps.Clone(b.parcels) {
		for _, id := range []string{"m1", "m2", "m3", "m4"} {
			parcel.ID = id + parcel.Channel
			b.parcels[parcel.ID] = parcel
		}
	}
	done, err := p.Deliver(t.Context(), b)
	failed, kept := 0, 0
	for _, d := range done {
		switch {
		case d.Kept && d.Why == "it failed 3 times in a row":
			kept++
		case d.Err != nil:
			failed++
		}
	}
	if err != nil || len(mail.got) != 5 || failed != 3 || kept != 2 {
		t.Errorf("%v: mail %d, failed %d, kept %d", err, len(mail.got), failed, kept)
	}
}

// A channel that takes one of three is not left alone.
func TestAFailureNowAndThenIsBorne(t *testing.T) {
	r := round{failed: map[string]int{}, quit: map[string]string{}}
	for _, err := range []error{errors.New("busy"), errors.New("busy"), nil, errors.New("busy"), errors.New("busy"), ErrRefused, errors.New("busy"), errors.New("busy")} {
		r.judge("mail", err)
	}
	if r.quit["mail"] != "" {
		t.Error(r.quit["mail"])
	}
	if r.judge("mail", errors.New("busy")); r.quit["mail"] == "" {
		t.Error("three times in a row")
	}
}

// That a channel is dead is told by every other; by itself only where there is none.
func TestNobodyIsToldOfADeathByTheDead(t *testing.T) {
	for others := range 3 {
		dead := &line{name: "hook", fails: ErrRefused}
		lines, want := []*line{dead}, others
		for n := range others {
			lines = append(lines, &line{name: string(rune('a' + n))})
		}
		p, b := office(t, "security@example.com", lines...)
		done, err := p.Deliver(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		alarms, told := 0, false
		for _, parcel := range b.parcels {
			if parcel.Alert {
				alarms++
			}
			if parcel.Alert && parcel.Channel == "hook" && others > 0 {
				t.Errorf("%d others, and told by the dead", others)
			}
		}
		for _, d := range done {
			told = told || d.Told
		}
		if alarms != max(want, 1) || told != (others > 0) {
			t.Errorf("%d others: %d alarms, told %v", others, alarms, told)
		}
	}
}

// An interrupt breaks no parcel: what was under way is not taken for a failure.
func TestInterruptedWhileNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		silent := &mute{}
		p, b := office(t, "ana@example.com", &line{name: silent.Name()})
		p.Channels = []Channel{silent}
		before := maps.Clone(b.parcels)
		time.AfterFunc(time.Second, interrupt)
		began := time.Now()
		done, err := p.Deliver(ctx, b)
		if err != nil || len(done) != 1 || !done[0].Kept || time.Since(began) != time.Second {
			t.Errorf("%+v %v after %s", done, err, time.Since(began))
		}
		if !reflect.DeepEqual(b.parcels, before) {
			t.Errorf("written down: %+v", b.parcels)
		}
		time.Sleep(time.Hour)
	})
}

// Sent, but the process could not write so: sent again, under the same ID.
func TestAtLeastOnce(t *testing.T) {
	mail := &line{name: "mail"}
	p, b := office(t, "ana@example.com", mail)
	b.broken = true
	if _, err := p.Deliver(t.Context(), b); err == nil {
		t.Fatal("no error")
	}
	b.broken = false
	if _, err := p.Deliver(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if len(mail.got) != 2 || mail.got[0].ID != mail.got[1].ID {
		t.Errorf("%+v", mail.got)
	}
}

func TestTheFallbackHearsOfWhatDied(t *testing.T) {
	mail, chat := &line{name: "mail", only: "@", fails: ErrRefused}, &line{name: "chat"}
	p, b := office(t, "ana@example.com", mail, chat)
	done, err := p.Deliver(t.Context(), b)
	if err != nil || len(done) != 4 { // two, and an alarm through each
		t.Fatalf("%d deliveries, %v", len(done), err)
	}
	if len(chat.got) != 2 || !strings.Contains(chat.got[1].Title, "could not be delivered") || chat.got[1].To != "security@example.com" ||
		!strings.Contains(chat.got[1].Text, "A decision is needed") {
		t.Errorf("%+v", chat.got)
	}
	mail.fails = nil
	if again, _ := p.Deliver(t.Context(), b); len(again) != 0 {
		t.Errorf("what died is tried again: %v", again)
	}
}

func TestWhoCannotBeAddressed(t *testing.T) {
	mail := &line{name: "mail", only: "@"}
	p, b := office(t, "team-a", mail)
	if _, err := p.Deliver(t.Context(), b); err != nil || len(mail.got) != 1 {
		t.Fatal(mail.got, err)
	}
	if m := mail.got[0]; m.To != "security@example.com" || !strings.HasSuffix(m.Title, "(for team-a)") || !strings.HasPrefix(m.Text, "For team-a") {
		t.Errorf("%+v", m)
	}
	p.Fallback = ""
	d := Example(noon)
	d.To = "team-a"
	if parcels, err := p.Parcels(d, DefaultTemplates()); err != nil || len(parcels) != 0 {
		t.Errorf("%v %v: nobody can be reached", parcels, err)
	}
}

func TestAChannelThatIsGone(t *testing.T) {
	mail := &line{name: "mail"}
	p, b := office(t, "ana@example.com", mail)
	chat := &line{name: "chat"}
	p.Channels = []Channel{chat}
	if _, err := p.Deliver(t.Context(), b); err != nil || len(chat.got) != 1 || !strings.Contains(chat.got[0].Text, "no longer configured") {
		t.Errorf("%+v %v", chat.got, err)
	}
}

func hostile() notice.Digest {
	d := Example(noon)
	d.Entries = d.Entries[:1]
	e := &d.Entries[0]
	e.User = "<script>alert(1)</script>\x1b[31m"
	e.Says, e.Reasons = "a\nb\r\nSubject: x", []string{"<b>\u202ebold"}
	return d
}

func TestOtherPeoplesTextIsOnlyText(t *testing.T) {
	m, err := DefaultTemplates().Render(hostile())
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script>", "<b>", "\x1b", "\u202e"} {
		if strings.Contains(m.HTML, bad) {
			t.Errorf("%q in the HTML", bad)
		}
	}
	for _, bad := range []string{"\x1b", "\u202e", "\nSubject"} {
		if strings.Contains(m.Text, bad) || strings.Contains(m.Title, bad) {
			t.Errorf("%q in the text", bad)
		}
	}
}

func TestDefaultTemplates(t *testing.T) {
	d := Example(noon)
	d.Test, d.Entries = false, d.Entries[4:6]
	m, err := DefaultTemplates().Render(d)
	if err != nil {
		t.Fatal(err)
	}
	if want := "Keytend: 1 access key needs you: Due, …"; m.Title != want {
		t.Errorf("title %q, want %q", m.Title, want)
	}
	want := `Due

  ana in account 123456789012, AKIAIOSFODNN7EXAMPLE
    this is an example: nothing has happened.
    a test of the channels
    What to do: nothing needs to be done.
    keytend help notify

Waits longer than it should

  ana in account 123456789012, AKIAIOSFODNN7EXAMPLE
    this is an example: nothing has happened.
    a test of the channels
    What to do: nothing needs to be done.
    keytend help notify

You hear of each of these once; what is overdue comes again every week.
Seen it, and it takes time? keytend ack USER --account ACCOUNT --until DATE --why '...'
`
	if m.Text != want {
		t.Errorf("got\n%s\nwant\n%s", m.Text, want)
	}
}

// Chats cut a long text: what there is in all stands on top.
func TestALongDigestBeginsWithASum(t *testing.T) {
	d := Example(noon)
	d.Test, d.Entries = false, nil
	for i, k := range []notice.Kind{notice.Blocked, notice.Overdue} {
		for n := range 6 + i {
			d.Entries = append(d.Entries, notice.Entry{Kind: k, Account: "123456789012", User: "ana", Key: string(rune('a' + n))})
		}
	}
	m, err := DefaultTemplates().Render(d)
	if want := "13 matters, about 7 access keys:\n  6  A decision is needed\n  7  Overdue\n\nA decision"; err != nil || !strings.HasPrefix(m.Text, want) {
		t.Errorf("%v, got\n%s\nwant\n%s", err, m.Text[:100], want)
	}
	if want := "13 matters, about 7 access keys: 6 A decision is needed, 7 Overdue"; !strings.Contains(m.HTML, want) {
		t.Errorf("no %q in %s", want, m.HTML)
	}
}

func TestTemplatesOfOnesOwn(t *testing.T) {
	own, err := ParseTemplates(fstest.MapFS{"title.txt": {Data: []byte("Schlüssel: {{.Keys}}")}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := own.Render(Example(noon))
	if err != nil || m.Title != "[TEST] Schlüssel: 1" || !strings.Contains(m.HTML, "<p><strong>This is a test of keytend&#39;s notices") || !strings.Contains(m.Text, "You hear of each") {
		t.Errorf("%q %v", m.Title, err)
	}
	for name, text := range map[string]string{"misspelt": "{{.Kyes}}", "broken": "{{"} {
		if _, err := ParseTemplates(fstest.MapFS{"digest.html": {Data: []byte(text)}}); err == nil || !strings.Contains(err.Error(), "digest.html") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
