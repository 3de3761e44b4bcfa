package bench

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// BenchmarkColdStart is the program as a function of AWS Lambda: from the start
// of the process to its first question for an event. Lambda adds its own time to
// that, for the sandbox and the download of the package.
func BenchmarkColdStart(b *testing.B) {
	binary := build(b)
	asked := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	var took time.Duration
	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), binary)
		cmd.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(server.URL, "http://"))
		began := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		<-asked
		took += time.Since(began)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	b.ReportMetric(float64(took.Microseconds())/1e3/float64(b.N), "ms/cold-start")
}
