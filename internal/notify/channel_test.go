package notify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/notice"
	"github.com/keytend/keytend/internal/notify/notifytest"
	"github.com/keytend/keytend/internal/webhook"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// inbox is a web server that keeps what it gets.
type inbox struct {
	*httptest.Server
	status int
	bodies []string
	header []http.Header
}

func newInbox(t *testing.T) *inbox {
	b := &inbox{status: http.StatusOK}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		b.bodies, b.header = append(b.bodies, string(body)), append(b.header, r.Header)
		w.WriteHeader(b.status)
	}))
	t.Cleanup(b.Close)
	return b
}

func surroundings() Surroundings {
	return Surroundings{Now: func() time.Time { return noon }, Sleep: func(context.Context, time.Duration) error { return nil }}
}

func openOne(t *testing.T, spec Spec, s Surroundings) Channel {
	t.Helper()
	channels, err := Open([]Spec{spec}, s)
	if err != nil {
		t.Fatal(err)
	}
	return channels[0]
}

func mailServer(t *testing.T) *notifytest.MailServer {
	t.Helper()
	s, err := notifytest.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

var letter = notice.Message{
	ID: "m1", To: "ana@example.com", Title: "Keytend: 1 access key needs you: Due\r\nBcc: eve@example.com",
	Text: "Grüße\n@everyone <!channel> *bold*\n", HTML: "<p>Grüße</p>", Data: []byte(`{"schema":"keytend.notice.v1"}`),
}

func TestMail(t *testing.T) {
	server := mailServer(t)
	c := openOne(t, Spec{Kind: "to", End: "smtp://" + server.Addr + "/?from=keytend@example.com&starttls=never"}, surroundings())
	if err := c.Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	got := server.Take()
	if len(got) != 1 {
		t.Fatalf("%d mails", len(got))
	}
	m := got[0]
	if len(m.To) != 1 || m.To[0] != "ana@example.com" || m.MessageID != "m1@keytend" || m.Subject != "Keytend: 1 access key needs you: Due Bcc: eve@example.com" {
		t.Errorf("%+v", m)
	}
	if !strings.HasPrefix(m.Text, "Grüße\n") || !strings.HasPrefix(m.HTML, "<p>Grüße</p>") {
		t.Errorf("text %q, HTML %q", m.Text, m.HTML)
	}
}

func TestMailToOneAddress(t *testing.T) {
	server := mailServer(t)
	c := openOne(t, Spec{Kind: "to", End: "smtp://" + server.Addr + "/?from=keytend@example.com&starttls=never&to=keys@example.com"}, surroundings())
	m := letter
	if m.To = "team-a"; !reaches(c, m.To) {
		t.Fatal("the address given takes everybody's")
	}
	if err := c.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := server.Take(); len(got) != 1 || got[0].To[0] != "keys@example.com" {
		t.Errorf("%+v", got)
	}
}

func TestMailStaysWithin(t *testing.T) {
	server := mailServer(t)
	c := openOne(t, Spec{Kind: "to", End: "smtp://" + server.Addr + "/?from=keytend@example.com&starttls=never&domains=example.com,example.org"}, surroundings())
	for to, want := range map[string]bool{
		"ana@example.com": true, "Ana <ana@EXAMPLE.ORG>": true, "ana@example.net": false, "ana@sub.example.com": false,
		"ana@example.com@example.net": false, `"@example.com" <eve@example.net>`: false, "team-a": false, "": false,
	} {
		m := letter
		m.To = to
		if err := c.Send(t.Context(), m); reaches(c, to) != want || (err == nil) != want || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("%q: reached %v, %v", to, reaches(c, to), err)
		}
	}
}

func TestMailFailures(t *testing.T) {
	server := mailServer(t)
	for name, c := range map[string]struct {
		url, to        string
		command, line  string
		refused, fails bool
	}{
		"no such mailbox":    {"smtp://%s/?from=k@example.com&starttls=never", "ana@example.com", "RCPT", "550 no such user", true, true},
		"mailbox full":       {"smtp://%s/?from=k@example.com&starttls=never", "ana@example.com", "RCPT", "452 full", false, true},
		"text not taken":     {"smtp://%s/?from=k@example.com&starttls=never", "ana@example.com", "DATA", "554 spam", true, true},
		"server is busy":     {"smtp://%s/?from=k@example.com&starttls=never", "ana@example.com", "MAIL", "421 later", false, true},
		"no address":         {"smtp://%s/?from=k@example.com&starttls=never", "team-a", "", "", true, true},
		"no TLS is offered":  {"smtp://%s/?from=k@example.com", "ana@example.com", "", "", false, true},
		"password, no login": {"smtp://keytend:s3cr3t@%s/?from=k@example.com&starttls=never", "ana@example.com", "", "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			server.Refuse(c.command, c.line)
			defer server.Refuse(c.command, "")
			channel := openOne(t, Spec{Kind: "to", End: strings.ReplaceAll(c.url, "%s", server.Addr)}, surroundings())
			m := letter
			m.To = c.to
			err := channel.Send(t.Context(), m)
			if (err != nil) != c.fails || errors.Is(err, ErrRefused) != c.refused {
				t.Errorf("%v", err)
			}
			if err != nil && strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error tells: %v", err)
			}
		})
	}
}

func TestWebhookGetsACloudEvent(t *testing.T) {
	box := newInbox(t)
	c := openOne(t, Spec{Kind: "webhook", End: box.URL + "/T0KEN", Secret: "s3cr3t"}, surroundings())
	if err := c.Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	if err := webhook.Verify("s3cr3t", box.header[0], []byte(box.bodies[0]), noon, time.Minute); err != nil {
		t.Error(err)
	}
	if got := box.header[0].Get("Content-Type"); got != "application/cloudevents+json" {
		t.Error(got)
	}
	want := `{"specversion":"1.0","id":"m1","source":"/keytend","type":"keytend.notice.v1","subject":"ana@example.com",` +
		`"time":"2026-11-23T12:00:00Z","datacontenttype":"application/json","data":{"schema":"keytend.notice.v1"}}`
	if box.bodies[0] != want {
		t.Errorf("got  %s\nwant %s", box.bodies[0], want)
	}
	if strings.Contains(c.Name(), "T0KEN") {
		t.Errorf("the name tells: %s", c.Name())
	}
}

func TestChats(t *testing.T) {
	for kind, holds := range map[string][]string{
		"slack": {`"text"`, `*Keytend: 1 access key needs you: Due`, `&lt;!\u200bchannel`, `For ana@example.com`},
		"teams": {`"AdaptiveCard"`, `\\*bold\\*`, `application/vnd.microsoft.card.adaptive`},
	} {
		t.Run(kind, func(t *testing.T) {
			box := newInbox(t)
			c := openOne(t, Spec{Kind: kind, End: box.URL + "/T0KEN"}, surroundings())
			if err := c.Send(t.Context(), letter); err != nil {
				t.Fatal(err)
			}
			body := strings.NewReplacer("\u200b", `\u200b`, `\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(box.bodies[0])
			for _, h := range holds {
				if !strings.Contains(body, h) {
					t.Errorf("no %s in %s", h, body)
				}
			}
			for _, bad := range []string{"@everyone", "<!channel>"} {
				if strings.Contains(body, bad) {
					t.Errorf("%s in %s", bad, body)
				}
			}
			if strings.Contains(c.Name(), "T0KEN") {
				t.Errorf("the name tells: %s", c.Name())
			}
		})
	}
}

// aws stands for both services.
type aws struct{ got []string }

func (a *aws) Publish(_ context.Context, topic, subject, message, id string) error {
	a.got = append(a.got, topic, subject, message, id)
	return nil
}

func (a *aws) PutEvent(_ context.Context, bus, kind, detail string) error {
	a.got = append(a.got, bus, kind, detail)
	return nil
}

func TestMachines(t *testing.T) {
	a, s := &aws{}, surroundings()
	s.Topics, s.Buses = a, a
	long := letter
	long.Title = strings.Repeat("ä", 120)
	if err := openOne(t, Spec{Kind: "sns", End: "arn:aws:sns:us-east-1:123456789012:keytend"}, s).Send(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	if got := a.got[1]; got != strings.Repeat("?", 97)+"..." {
		t.Errorf("subject %q", got)
	}
	a.got = nil
	long.Data, _ = json.Marshal(strings.Repeat("x", 300000))
	for _, m := range []notice.Message{letter, long} {
		if err := openOne(t, Spec{Kind: "eventbridge", End: "default"}, s).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		detail := a.got[2]
		if len(detail) > 262144 || !json.Valid([]byte(detail)) || !strings.HasPrefix(detail, `{"id":"m1"`) {
			t.Errorf("%d bytes: %.200s", len(detail), detail)
		}
		a.got = nil
	}
}

func TestOpenNamesEverythingWrong(t *testing.T) {
	_, err := Open([]Spec{
		{Kind: "to", End: "smtp://user:s3cr3t@mail.example.com"},
		{Kind: "to", End: "smtp://user:s3cr3t@mail.example.com:587/?from=a@example.com&starttls=perhaps"},
		{Kind: "webhook", End: "s3cr3t"},
		{Kind: "webhook", End: "https://hooks.example.com", Secret: "whsec_s3cr3t!"},
		{Kind: "slack", End: "s3cr3t"},
		{Kind: "pagerduty", End: "s3cr3t"},
		{Kind: "pigeon"},
	}, surroundings())
	if err == nil || strings.Count(err.Error(), "\n") != 6 || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("%v", err)
	}
	channels, err := Open([]Spec{
		{Kind: "to", End: "smtps://mail.example.com/?from=a@example.com"},
		{Kind: "to", End: "smtp://mail.example.com/?from=b@example.com"},
		{Kind: "slack", End: "slack://hook:T00000000-B00000000-XXXXXXXXXXXXXXXXXXXXXXXX@webhook"},
		{Kind: "pagerduty", End: "01234567890123456789012345678901"},
	}, surroundings())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"mail through mail.example.com", "mail through mail.example.com #2", "slack://…", "pagerduty://…"} {
		if got := channels[i].Name(); got != want {
			t.Errorf("channel %d is named %q, want %q", i, got, want)
		}
	}
}
