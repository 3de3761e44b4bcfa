package awsapi

import (
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// TestLyingEndpoint is somebody at the endpoint who answers every call with a
// gigabyte in a packed megabyte.
func TestLyingEndpoint(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		zeros := []byte(strings.Repeat(" ", 1<<20))
		for range 1024 {
			if _, err := packed.Write(zeros); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	plainEnvironment(t)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	s := open(t, Options{Region: "eu-west-1"})
	for name, call := range map[string]func() error{
		"query": func() error { _, err := s.Summary(t.Context()); return err },
		"json":  func() error { _, _, err := s.Secrets("").Value(t.Context(), "x"); return err },
		"ours":  func() error { _, _, _, err := s.Parameters("").Value(t.Context(), "x"); return err },
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := call()
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "more than 64 MiB") || NotDone(err) {
			t.Errorf("%s: %v, not done %v", name, err, NotDone(err))
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 12*largestAnswer {
			t.Errorf("%s: took %d MiB", name, took>>20)
		}
	}
}

// TestAlwaysFailing: nobody waits for minutes to be told that a proxy is broken.
func TestAlwaysFailing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		client := &http.Client{Transport: wire(func(*http.Request, string) (int, string) { asked++; return 502, "Bad Gateway" })}
		s := OpenWithKey(t.Context(), testID, accesskey.NewSecret(testSecret), Options{Region: "eu-west-1", HTTPClient: client})
		began := time.Now()
		_, err := s.Summary(t.Context())
		if took := time.Since(began); ClassOf(err) != Service || asked != failingAttempts || took > 20*time.Second {
			t.Errorf("%v after %s and %d attempts", err, took, asked)
		}
	})
}
