package fakeaws

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/common/model"
)

// ServeHTTP answers for every service and, below /_sim/, for the simulation's
// own controls. A lost answer aborts the connection.
func (a *AWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if handler := a.control(r); handler != nil {
		handler(w, r)
		return
	}
	reply := a.reply(r)
	if reply.lost {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), reply.header)
	w.WriteHeader(reply.status)
	_, _ = w.Write(reply.body) // a caller that went away needs no answer
}

// reply serves one request, after the latency.
func (a *AWS) reply(r *http.Request) answer {
	reply := a.serve(r)
	if !a.wait(r) {
		return answer{lost: true}
	}
	if reply.lost {
		return reply
	}
	reply.header.Set("Date", a.Now().Format(http.TimeFormat))
	reply.header.Set("Content-Length", strconv.Itoa(len(reply.body)))
	return reply
}

// wait lets the latency pass; false: the caller has gone away meanwhile.
func (a *AWS) wait(r *http.Request) bool {
	if a.config.Latency <= 0 {
		return true
	}
	timer := time.NewTimer(a.config.Latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// RoundTripper reaches the simulated AWS in-process, without sockets and
// without goroutines, whatever the address: it can stand as the transport of
// any AWS SDK's HTTP client, inside testing/synctest too.
func (a *AWS) RoundTripper() http.RoundTripper { return inProcess{a} }

type inProcess struct{ aws *AWS }

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if handler := t.aws.control(r); handler != nil {
		return captured(handler, r), nil
	}
	reply := t.aws.reply(r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if reply.lost {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return response(r, reply), nil
}

func response(r *http.Request, reply answer) *http.Response {
	return &http.Response{
		Status: strconv.Itoa(reply.status) + " " + http.StatusText(reply.status), StatusCode: reply.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: reply.header, Body: io.NopCloser(bytes.NewReader(reply.body)), ContentLength: int64(len(reply.body)), Request: r,
	}
}

// capture is a ResponseWriter for the controls, in-process.
type capture struct {
	answer
	bytes.Buffer
}

func (c *capture) Header() http.Header    { return c.header }
func (c *capture) WriteHeader(status int) { c.status = status }

func captured(handler http.HandlerFunc, r *http.Request) *http.Response {
	c := &capture{answer: answer{status: 200, header: http.Header{}}}
	handler(c, r)
	c.body = c.Bytes()
	return response(r, c.answer)
}

// control finds the handler of a control address: POST /_sim/advance?by=20d (with
// &only=clock nothing is done that falls due), GET /_sim/now, GET /_sim/calls, and
// what Control added.
func (a *AWS) control(r *http.Request) http.HandlerFunc {
	switch r.Method + " " + r.URL.Path {
	case "POST /_sim/advance":
		return a.controlAdvance
	case "GET /_sim/now":
		return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, map[string]time.Time{"now": a.Now()}) }
	case "GET /_sim/calls":
		return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, a.Calls()) }
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.controls[r.Method+" "+r.URL.Path]
}

// Control adds an address of the simulation's own, such as "GET /_sim/truth".
func (a *AWS) Control(pattern string, handler http.HandlerFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.controls[pattern] = handler
}

func (a *AWS) controlAdvance(w http.ResponseWriter, r *http.Request) {
	by, err := duration(r.URL.Query().Get("by"))
	if err != nil || by < 0 {
		http.Error(w, "advance: want ?by=48h or ?by=20d", http.StatusBadRequest)
		return
	}
	if r.URL.Query().Get("only") == "clock" {
		a.Advance(by)
	} else if !a.elapseInTurn(r.Context(), by) {
		return // nobody waits any more
	}
	writeJSON(w, map[string]time.Time{"now": a.Now()})
}

// duration reads 20d, 2w, 1d12h, and whatever Go itself understands.
func duration(text string) (time.Duration, error) {
	if long, err := model.ParseDuration(text); err == nil {
		return time.Duration(long), nil
	}
	return time.ParseDuration(text)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a caller that went away needs no answer
}

// Calls counts the authenticated calls by "service:Action", refused ones
// included.
func (a *AWS) Calls() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.calls)
}

// ResetCalls sets the counts to nothing.
func (a *AWS) ResetCalls() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.calls)
}
