package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// sandbox is what Lambda starts a function in: the program, with the Runtime API
// on a socket of this computer.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type sandbox struct {
	server *httptest.Server
	cmd    *exec.Cmd
	log    bytes.Buffer
	lock   sync.Mutex // of the log
	ended  chan struct{}

	events  chan []byte
	answers chan answered
	ready   chan struct{} // closed at the first /next
	once    sync.Once
	count   int
	timeout time.Duration
}

type answered struct {
	payload []byte
	err     error
}

// newSandbox starts the program; end is due.
func newSandbox(t *testing.T, env []string) *sandbox {
	t.Helper()
	s := &sandbox{events: make(chan []byte), answers: make(chan answered), ready: make(chan struct{}), ended: make(chan struct{}), timeout: time.Minute}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	s.cmd = exec.Command("keytend")
	s.cmd.Env = append(slices.Clone(env), runtimeVariable+"="+strings.TrimPrefix(s.server.URL, "http://"), "AWS_LAMBDA_FUNCTION_NAME=keytend-rotation")
	s.cmd.Stdout, s.cmd.Stderr = s, s
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(s.end)
	return s
}

// Write keeps what the function logs.
func (s *sandbox) Write(p []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.log.Write(p)
}

func (s *sandbox) said() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.log.String()
}

func (s *sandbox) end() {
	_ = s.cmd.Process.Kill()
	<-s.ended
	s.server.CloseClientConnections()
	s.server.Close()
}

func (s *sandbox) serve(w http.ResponseWriter, r *http.Request) {
	const base = "/2018-06-01/runtime/invocation/"
	switch path := strings.TrimPrefix(r.URL.Path, base); {
	case path == "next":
		s.once.Do(func() { close(s.ready) })
		select {
		case event := <-s.events:
			s.count++
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprintf("request-%d", s.count))
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(s.timeout).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", rotationFunction)
			_, _ = w.Write(event)
		case <-r.Context().Done():
		}
	case strings.HasSuffix(path, "/response"):
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		s.answers <- answered{payload: body}
	case strings.HasSuffix(path, "/error"):
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		var said struct{ ErrorMessage string }
		_ = json.Unmarshal(body, &said)
		s.answers <- answered{err: errors.New(said.ErrorMessage)}
	default:
		http.NotFound(w, r)
	}
}

// invoke hands the function one event and returns its answer.
func (s *sandbox) invoke(ctx context.Context, event []byte) ([]byte, error) {
	select {
	case s.events <- event:
	case <-s.ended:
		return nil, errors.New("the function's process has ended: " + s.said())
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case a := <-s.answers:
		return a.payload, a.err
	case <-s.ended:
		return nil, errors.New("the function's process has ended: " + s.said())
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
