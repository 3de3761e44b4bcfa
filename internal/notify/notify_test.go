package notify

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// loopback starts a webhook receiver and returns its generic:// URL and the
// bodies it got.
func loopback(t *testing.T, status int) (string, chan string) {
	t.Helper()
	bodies := make(chan string, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
		w.WriteHeader(status)
	}))
	t.Cleanup(srv.Close)
	return "generic+" + srv.URL + "/hook/s3cr3t-path?token=s3cr3t-query", bodies
}

func TestSendReachesTheService(t *testing.T) {
	url, bodies := loopback(t, http.StatusOK)
	if err := Send(context.Background(), url, "Keytend: 2 findings", "doe,jane+x=y@z: 412 d old"); err != nil {
		t.Fatal(err)
	}
	if got, want := <-bodies, "Keytend: 2 findings\n\ndoe,jane+x=y@z: 412 d old"; got != want {
		t.Errorf("received %q, want %q", got, want)
	}
}

func TestSendGivesJSONATitle(t *testing.T) {
	url, bodies := loopback(t, http.StatusOK)
	if err := Send(context.Background(), url+"&template=json", "The\r\ntitle", "text"); err != nil {
		t.Fatal(err)
	}
	if got := <-bodies; !strings.Contains(got, `"title":"The title"`) || !strings.Contains(got, `"message":"text"`) {
		t.Errorf("received %s", got)
	}
}

func TestFailuresDontTellTheToken(t *testing.T) {
	refusing, _ := loopback(t, http.StatusForbidden)
	for name, url := range map[string]string{
		"refused by the server": refusing,
		"nobody listening":      "generic+http://user:s3cr3t-password@127.0.0.1:1/s3cr3t-path?token=s3cr3t-query",
		"unknown service":       "nosuchservice://s3cr3t-user:s3cr3t-password@s3cr3t-host/s3cr3t-path",
		"no URL":                "s3cr3t-everything",
		"not parseable":         "slack://hook:s3cr3t-%zz@webhook",
		"bad slack token":       "slack://s3cr3t-token@s3cr3t-host",
		"bad telegram token":    "telegram://s3cr3t@telegram?chats=s3cr3t-chat",
		"bad pushover":          "pushover://s3cr3t-user/",
		"logger":                "logger://s3cr3t",
	} {
		t.Run(name, func(t *testing.T) {
			err := Send(context.Background(), url, "title", "text")
			if err == nil {
				t.Fatal("no error")
			}
			if strings.Contains(strings.ToLower(err.Error()), "s3cr3t") {
				t.Errorf("the error tells: %v", err)
			}
			t.Log(err)
		})
	}
}

func TestCheck(t *testing.T) {
	for url, ok := range map[string]bool{
		"generic+https://hooks.example.com/x":                                        true,
		"generic://hooks.example.com/x?disabletls=yes":                               true,
		"slack://hook:T00000000-B00000000-XXXXXXXXXXXXXXXXXXXXXXXX@webhook":          true,
		"ntfy://ntfy.example.com/topic":                                              true,
		"smtp://user:pass@mail.example.com:587/?from=a@example.com&to=b@example.com": true,
		"https://hooks.example.com/x":                                                false,
		"slack://":                                                                   false,
		"logger://":                                                                  false,
		"":                                                                           false,
	} {
		if err := Check(url); (err == nil) != ok {
			t.Errorf("Check(%q) = %v", url, err)
		}
	}
	if err := Check("logger://"); !errors.Is(err, ErrSaysNothing) {
		t.Errorf("logger: %v", err)
	}
}

func TestRedact(t *testing.T) {
	for url, want := range map[string]string{
		"generic+https://user:pass@hooks.example.com/path?x=y": "generic+https://hooks.example.com/…",
		"slack://hook:T-B-X@webhook":                           "slack://…",
		"pushbullet://o.token":                                 "pushbullet://…",
		"ntfy://:password@ntfy.example.com/topic":              "ntfy://ntfy.example.com/…",
		"nonsense": "the URL given",
	} {
		if got := Redact(url); got != want {
			t.Errorf("Redact(%q) = %q, want %q", url, got, want)
		}
	}
}

func TestSendStopsWaiting(t *testing.T) {
	hold := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	t.Cleanup(func() { close(hold); srv.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	err := Send(ctx, "generic+"+srv.URL, "", "text")
	if err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("Send = %v", err)
	}
}

func TestTrim(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("aä€😀\n")), 0, 400, -1).Draw(t, "text")
		limit := rapid.IntRange(len(trimmed)+1, 300).Draw(t, "limit")
		got := trim(text, limit)
		if len(got) > limit || !utf8.ValidString(got) {
			t.Fatalf("trim gives %d bytes of %d: %q", len(got), limit, got)
		}
		if got != text && !strings.HasSuffix(got, trimmed) {
			t.Fatalf("trimmed without a word: %q", got)
		}
		if len(text) <= limit && got != text {
			t.Fatal("trimmed needlessly")
		}
	})
}

func TestMentionsWakeNobody(t *testing.T) {
	got := withoutMentions("@everyone <!channel> doe@example.com @Here")
	for _, m := range []string{"@everyone", "!channel", "@Here"} {
		if strings.Contains(got, m) {
			t.Errorf("%q is still in %q", m, got)
		}
	}
	if !strings.Contains(got, "doe@example.com") {
		t.Errorf("an address was changed: %q", got)
	}
}
