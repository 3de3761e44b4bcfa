package journal

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/notice"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func digest(at time.Time) (notice.Digest, []notice.Parcel) {
	d := notice.Digest{
		ID: "d" + at.Format(time.DateOnly), To: "ana@example.com", Day: at.Format(time.DateOnly), At: at,
		Entries: []notice.Entry{{Account: "123456789012", User: "ana", Key: "AKIAIOSFODNN7EXAMPLE", Occasion: "due 2026-12-01", Step: -604800}},
	}
	p := notice.Parcel{
		Message: notice.Message{ID: "p" + d.ID, To: d.To, Title: "t", Text: "text", Data: []byte("{}")},
		Channel: "mail", State: notice.Pending, Made: at, Next: at,
	}
	return d, []notice.Parcel{p}
}

func TestWhatIsIntendedIsTold(t *testing.T) {
	j := fresh(t)
	d, parcels := digest(noon)
	if err := j.Intend(t.Context(), d, parcels); err != nil {
		t.Fatal(err)
	}
	told, err := j.Told(t.Context())
	if diff := cmp.Diff(d.Told(), told); diff != "" || err != nil {
		t.Error(diff, err)
	}
	last, err := j.LastDigests(t.Context())
	if !last["ana@example.com"].Equal(noon) || err != nil {
		t.Error(last, err)
	}
	out, err := j.Outbox(t.Context(), noon)
	if diff := cmp.Diff(parcels, out); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if out, _ := j.Outbox(t.Context(), noon.Add(-time.Second)); len(out) != 0 {
		t.Errorf("before its time: %v", out)
	}
}

// A digest of the same day, or another day's that tells the same, is stored
// whole or not at all.
func TestTwoKeytendsTellOnce(t *testing.T) {
	j := fresh(t)
	d, parcels := digest(noon)
	if err := j.Intend(t.Context(), d, parcels); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]time.Time{"the same day": noon.Add(time.Hour), "the next day": noon.Add(24 * time.Hour)} {
		again, more := digest(at)
		if err := j.Intend(t.Context(), again, more); !errors.Is(err, ErrTold) {
			t.Errorf("%s: %v, want ErrTold", name, err)
		}
	}
	if out, _ := j.Outbox(t.Context(), noon.Add(48*time.Hour)); len(out) != 1 {
		t.Errorf("%d parcels, want 1", len(out))
	}
}

func TestTriesAreWrittenDown(t *testing.T) {
	j := fresh(t)
	d, parcels := digest(noon)
	if err := j.Intend(t.Context(), d, parcels); err != nil {
		t.Fatal(err)
	}
	p := parcels[0]
	failed := p.Failed("no answer", false, noon)
	if err := j.Settle(t.Context(), p, failed, nil); err != nil {
		t.Fatal(err)
	}
	if out, _ := j.Outbox(t.Context(), noon); len(out) != 0 {
		t.Errorf("tried again at once: %v", out)
	}
	// Another process knows only the parcel before the try: its outcome is void.
	if err := j.Settle(t.Context(), p, p.Failed("refused", true, noon), p.Failed("refused", true, noon).Alarm("x", []string{"mail"}, noon)); err != nil {
		t.Fatal(err)
	}
	if dead, _ := j.Parcels(t.Context(), notice.Dead); len(dead) != 0 {
		t.Errorf("dead by a process that came late: %v", dead)
	}
	dead := failed.Failed("refused", true, noon.Add(time.Hour))
	if err := j.Settle(t.Context(), failed, dead, dead.Alarm("security@example.com", []string{"mail", "chat"}, noon)); err != nil {
		t.Fatal(err)
	}
	out, err := j.Outbox(t.Context(), noon.Add(time.Hour))
	if len(out) != 2 || err != nil || !out[0].Alert {
		t.Fatalf("%v %v, want two alarms", out, err)
	}
	if n, err := j.Revive(t.Context(), noon); n != 1 || err != nil {
		t.Errorf("%d revived, %v", n, err)
	}
	if dead, _ := j.Parcels(t.Context(), notice.Dead); len(dead) != 0 {
		t.Errorf("still dead: %v", dead)
	}
	if err := j.Settle(t.Context(), out[0], out[0].Delivered(noon), nil); err != nil {
		t.Fatal(err)
	}
	sent, err := j.Parcels(t.Context(), notice.Sent)
	if len(sent) != 1 || sent[0].Text != "" || err != nil {
		t.Errorf("%v %v, want one without its text", sent, err)
	}
}

func TestAcknowledge(t *testing.T) {
	j := lived(t)
	head, _ := j.Head(t.Context(), accesskey.Subject{Account: "123456789012", User: "ana"})
	a := notice.Ack{Account: "123456789012", User: "ana", Until: noon.Add(time.Hour), At: noon, By: "bob", Why: "new release"}
	if err := j.Acknowledge(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	a.Until, a.Why = noon.Add(2*time.Hour), "later"
	if err := j.Acknowledge(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	acks, err := j.Acks(t.Context(), noon.Add(time.Hour))
	if diff := cmp.Diff([]notice.Ack{a}, acks); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if acks, _ := j.Acks(t.Context(), noon.Add(2*time.Hour)); len(acks) != 0 {
		t.Errorf("past its date: %v", acks)
	}
	events, err := j.Events(t.Context(), accesskey.Subject{Account: "123456789012", User: "ana"})
	if last := events[len(events)-1]; err != nil || last.What != "acknowledged until 2026-11-23" || last.Note != "later" || last.Who != "bob" {
		t.Errorf("%+v %v", last, err)
	}
	if n, err := j.Verify(t.Context()); err != nil || n != 7 {
		t.Errorf("%d events, %v", n, err)
	}
	if after, _ := j.Head(t.Context(), accesskey.Subject{Account: "123456789012", User: "ana"}); !after.Equal(head) {
		t.Error("an acknowledgement makes the journal look younger than it is")
	}
}
