package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/notify/notifytest"
)

// guarded is a mail server that wants TLS, and a password for which nobody on the
// way may hear; its certificate is for names.
func guarded(t *testing.T, fromStart bool, names ...string) (*notifytest.MailServer, Surroundings) {
	t.Helper()
	certificate, roots, err := notifytest.Certify(names...)
	if err != nil {
		t.Fatal(err)
	}
	server, err := notifytest.ListenWith("", notifytest.Rules{Certificate: &certificate, FromStart: fromStart, User: "keytend@example.com", Password: "s3cr3t"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	s := surroundings()
	s.Roots = roots
	return server, s
}

// TestMailUnderTLS: mail and password go under TLS, by STARTTLS or from the start.
func TestMailUnderTLS(t *testing.T) {
	for scheme, fromStart := range map[string]bool{"smtp": false, "smtps": true} {
		t.Run(scheme, func(t *testing.T) {
			server, s := guarded(t, fromStart, "127.0.0.1")
			c := openOne(t, Spec{Kind: "to", End: scheme + "://keytend%40example.com:s3cr3t@" + server.Addr + "/?from=keytend@example.com"}, s)
			if err := c.Send(t.Context(), letter); err != nil {
				t.Fatal(err)
			}
			mails := server.Take()
			if len(mails) != 1 || len(mails[0].To) != 1 || mails[0].To[0] != "ana@example.com" || !strings.Contains(mails[0].HTML, "Grüße") {
				t.Errorf("%+v", mails)
			}
			if clear := server.InClear(); strings.Contains(clear, "AUTH") || strings.Contains(clear, "MAIL") {
				t.Errorf("in the clear: %q", clear)
			}
		})
	}
}

// TestMailTrustsNobody: a server that can't be told from somebody in between gets
// neither mail nor password; a wrong password is not told either.
func TestMailTrustsNobody(t *testing.T) {
	plain := mailServer(t)
	_, strangers, err := notifytest.Certify("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		certificate string // is for this name
		roots       *x509.CertPool
		url         string
	}{
		"another authority":   {"127.0.0.1", strangers, "smtp://u:s3cr3t@%s/?from=k@example.com"},
		"another name":        {"mail.example.org", nil, "smtp://u:s3cr3t@%s/?from=k@example.com"},
		"from the start":      {"mail.example.org", nil, "smtps://u:s3cr3t@%s/?from=k@example.com"},
		"no TLS is offered":   {"", nil, "smtp://u:s3cr3t@%s/?from=k@example.com"},
		"wrong password":      {"127.0.0.1", nil, "smtp://keytend%40example.com:s3cr3t-not@%s/?from=k@example.com"},
		"TLS from the start?": {"", nil, "smtps://u:s3cr3t@%s/?from=k@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			server, s := plain, surroundings()
			if c.certificate != "" {
				server, s = guarded(t, strings.HasPrefix(c.url, "smtps"), c.certificate)
			}
			if c.roots != nil {
				s.Roots = c.roots
			}
			err := openOne(t, Spec{Kind: "to", End: strings.ReplaceAll(c.url, "%s", server.Addr)}, s).Send(t.Context(), letter)
			if err == nil || errors.Is(err, ErrRefused) { // it may be put right tomorrow
				t.Errorf("%v", err)
			}
			if err != nil && strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error tells: %v", err)
			}
			if clear := server.InClear(); strings.Contains(clear, "AUTH") || strings.Contains(clear, "MAIL") || len(server.Take()) > 0 {
				t.Errorf("it was told: %q", clear)
			}
		})
	}
}

// called is a request as a service's own server got it, under TLS.
type called struct {
	where, kind string // host and path; Content-Type
	body        map[string]any
}

// standIn answers in the place of services, under their own names, and keeps what
// they would have got. Clients that make their own transport find it too.
func standIn(t *testing.T, status int, answer string, hosts ...string) *[]called {
	t.Helper()
	certificate, roots, err := notifytest.Certify(hosts...)
	if err != nil {
		t.Fatal(err)
	}
	var calls []called
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		c := called{where: r.Method + " " + r.Host + r.URL.RequestURI(), kind: r.Header.Get("Content-Type")}
		if err := json.Unmarshal(text, &c.body); err != nil {
			t.Errorf("%s: %v: %s", c.where, err, text)
		}
		calls = append(calls, c)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	before := http.DefaultTransport
	http.DefaultTransport = &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", server.Listener.Addr().String())
		},
	}
	t.Cleanup(func() {
		http.DefaultTransport = before
		server.Close()
	})
	return &calls
}

// wirePlain is what a JSON body says at a path of member names.
func wirePlain(body map[string]any, path ...string) any {
	var at any = body
	for _, name := range path {
		switch inner := at.(type) {
		case map[string]any:
			at = inner[name]
		case []any:
			if at = nil; len(inner) > 0 {
				first, _ := inner[0].(map[string]any)
				at = first[name]
			}
		}
	}
	return at
}

// TestServicesOnTheWire holds what is sent to the services' own documents.
//
// https://developer.pagerduty.com/docs/send-alert-event
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
// https://learn.microsoft.com/en-us/connectors/teams/#microsoft-teams-webhook
func TestServicesOnTheWire(t *testing.T) {
	const integration = "0123456789abcdef0123456789abcdef"
	for name, c := range map[string]struct {
		spec   Spec
		host   string
		status int
		answer string
		where  string
		kind   string
		wants  map[string]any // path of names, joined by dots
	}{
		"pagerduty": {
			Spec{Kind: "pagerduty", End: integration}, "events.pagerduty.com", http.StatusAccepted, `{"status":"success","message":"Event processed","dedup_key":"x"}`,
			"POST events.pagerduty.com:443/v2/enqueue", "application/json",
			map[string]any{"routing_key": integration, "event_action": "trigger", "payload.severity": "warning", "payload.source": "keytend", "dedup_key": "m1"},
		},
		"slack": {
			Spec{Kind: "slack", End: "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"}, "hooks.slack.com", http.StatusOK, "ok",
			"POST hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX", "application/json", nil,
		},
		"slack, shoutrrr's own": {
			Spec{Kind: "slack", End: "slack://hook:T00000000-B00000000-XXXXXXXXXXXXXXXXXXXXXXXX@webhook"}, "hooks.slack.com", http.StatusOK, "ok",
			"POST hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX", "application/json", nil,
		},
		"teams": {
			Spec{Kind: "teams", End: "https://example.westeurope.logic.azure.com/workflows/1/triggers/manual/paths/invoke?api-version=2016-06-01&sig=T0KEN"},
			"example.westeurope.logic.azure.com", http.StatusAccepted, "",
			"POST example.westeurope.logic.azure.com/workflows/1/triggers/manual/paths/invoke?api-version=2016-06-01&sig=T0KEN", "application/json",
			map[string]any{
				"type": "message", "attachments.contentType": "application/vnd.microsoft.card.adaptive",
				"attachments.content.type": "AdaptiveCard", "attachments.content.body.type": "TextBlock",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			calls := standIn(t, c.status, c.answer, c.host)
			if err := openOne(t, c.spec, surroundings()).Send(t.Context(), letter); err != nil {
				t.Fatal(err)
			}
			if len(*calls) != 1 {
				t.Fatalf("%d calls", len(*calls))
			}
			got := (*calls)[0]
			if got.where != c.where || !strings.HasPrefix(got.kind, c.kind) {
				t.Errorf("%s, %s", got.where, got.kind)
			}
			for path, want := range c.wants {
				if diff := cmp.Diff(want, wirePlain(got.body, strings.Split(path, ".")...)); diff != "" {
					t.Errorf("%s: %s in %v", path, diff, got.body)
				}
			}
			text, _ := json.Marshal(got.body)
			if !strings.Contains(string(text), "1 access key needs you") || strings.Contains(string(text), "@everyone") {
				t.Errorf("%s", text)
			}
		})
	}
}

// TestPagerDutyTakesLongTexts: its summary has at most 1,024 characters.
func TestPagerDutyTakesLongTexts(t *testing.T) {
	calls := standIn(t, http.StatusAccepted, `{"status":"success"}`, "events.pagerduty.com")
	long := letter
	long.Text = strings.Repeat("the same line again and again\n", 500)
	if err := openOne(t, Spec{Kind: "pagerduty", End: "0123456789abcdef0123456789abcdef"}, surroundings()).Send(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	summary, _ := wirePlain((*calls)[0].body, "payload", "summary").(string)
	if n := len([]rune(summary)); n > 1024 || n < 500 {
		t.Errorf("%d characters", n)
	}
}

// TestServicesRefuse: what a service refuses is an error that doesn't tell its key.
func TestServicesRefuse(t *testing.T) {
	const integration = "0123456789abcdef0123456789abcdef"
	standIn(t, http.StatusBadRequest, `{"status":"invalid event","message":"Event object is invalid","errors":["Invalid routing key"]}`, "events.pagerduty.com")
	err := openOne(t, Spec{Kind: "pagerduty", End: integration}, surroundings()).Send(t.Context(), letter)
	if err == nil || strings.Contains(err.Error(), integration) {
		t.Errorf("%v", err)
	}
}
