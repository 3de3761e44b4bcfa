package programs

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// environment is one execution environment: a program and the Runtime API that it
// asks for work.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type environment struct {
	name, key   string
	arn         string
	timeout     time.Duration
	began, used time.Time // the simulation's time
	broken      bool      // of no use any more
	say         func(line string)

	cmd    *exec.Cmd
	server *http.Server
	folder string
	ended  chan struct{} // closed when the program has ended
	heard  chan struct{} // closed when all that it said is passed on
	work   chan event
	count  int

	lock   sync.Mutex
	waits  string // ID of the event under way; empty: none
	answer chan outcome
}

type event struct {
	id       string
	payload  []byte
	deadline time.Time // this computer's clock, by which the program counts
}

type outcome struct {
	reply []byte
	err   error
}

func (e *environment) start(program string, env []string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if e.folder, err = os.MkdirTemp("", "keytend-sim-function"); err != nil {
		return err
	}
	e.work, e.answer, e.ended, e.heard = make(chan event), make(chan outcome, 1), make(chan struct{}), make(chan struct{})
	e.server = &http.Server{Handler: http.HandlerFunc(e.serve), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = e.server.Serve(listener) }() // until end closes it
	e.cmd = exec.Command(program)
	e.cmd.Dir = e.folder
	e.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + e.folder, "TMPDIR=" + e.folder, "LAMBDA_TASK_ROOT=" + e.folder,
		"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String()}, env...)
	out, in := io.Pipe()
	e.cmd.Stdout, e.cmd.Stderr = in, in
	go e.listen(out)
	if err := e.cmd.Start(); err != nil {
		close(e.ended)
		_ = in.Close()
		e.end()
		return err
	}
	go func() {
		_ = e.cmd.Wait()
		_ = in.Close()
		close(e.ended)
	}()
	return nil
}

// listen passes on what the program says.
func (e *environment) listen(out io.Reader) {
	defer close(e.heard)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		e.say(lines.Text())
	}
	_, _ = io.Copy(io.Discard, out) // a line too long: the program must not wait
}

func (e *environment) gone() bool {
	select {
	case <-e.ended:
		return true
	default:
		return false
	}
}

// end kills the program, as Lambda does with one that is idle. When it returns
// nothing is said any more.
func (e *environment) end() {
	e.kill()
	<-e.heard
	_ = e.server.Close()
	_ = os.RemoveAll(e.folder)
}

// kill ends the program, and returns when it has ended.
func (e *environment) kill() {
	if e.cmd.Process != nil {
		_ = e.cmd.Process.Kill()
		<-e.ended
	}
}

// invoke hands the program an event and waits for its outcome.
func (e *environment) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e.count++
	id := fmt.Sprintf("%08x-0000-4000-8000-%012x", e.cmd.Process.Pid, e.count)
	e.await(id)
	select {
	case e.work <- event{id, payload, time.Now().Add(e.timeout)}:
	case <-e.ended:
		return nil, e.exited(id)
	case <-ctx.Done():
		e.broken = true
		return nil, errTime
	}
	select {
	case o := <-e.answer:
		return o.reply, o.err
	case <-e.ended:
		select {
		case o := <-e.answer: // it answered first
			e.broken = true
			return o.reply, o.err
		default:
			return nil, e.exited(id)
		}
	case <-ctx.Done():
		e.broken = true
		return nil, errTime
	}
}

func (e *environment) await(id string) {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.waits = id
}

func (e *environment) exited(id string) error {
	e.broken = true
	return &runtimeError{"Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited: %s", id, e.cmd.ProcessState)}
}

// serve is the Runtime API.
func (e *environment) serve(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/2018-06-01/runtime/")
	id, what, _ := strings.Cut(strings.TrimPrefix(path, "invocation/"), "/")
	switch {
	case ok && r.Method == http.MethodGet && path == "invocation/next":
		e.next(w, r)
	case ok && r.Method == http.MethodPost && what == "response":
		reply, err := io.ReadAll(r.Body)
		e.take(w, id, outcome{reply, err})
	case ok && r.Method == http.MethodPost && (what == "error" || path == "init/error"):
		text, err := io.ReadAll(r.Body)
		if path == "init/error" {
			id = e.underWay()
		}
		if err == nil {
			err = told(text)
		}
		e.take(w, id, outcome{nil, err})
	default:
		http.NotFound(w, r)
	}
}

func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	select {
	case ev := <-e.work:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", ev.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(ev.deadline.UnixMilli()))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", e.arn)
		_, _ = w.Write(ev.payload) // a program that went away: exited says so
	case <-r.Context().Done():
	}
}

func (e *environment) underWay() string {
	e.lock.Lock()
	defer e.lock.Unlock()
	return e.waits
}

// take passes the outcome of the event under way on. Of another it is too late.
func (e *environment) take(w http.ResponseWriter, id string, o outcome) {
	e.lock.Lock()
	defer e.lock.Unlock()
	if id == "" || id != e.waits {
		http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return
	}
	e.waits = ""
	e.answer <- o
	w.WriteHeader(http.StatusAccepted)
}

// told is an error as the program's runtime told it.
func told(text []byte) error {
	var said struct{ ErrorMessage, ErrorType string }
	if err := json.Unmarshal(text, &said); err != nil {
		return &runtimeError{"Runtime.Unknown", string(text)}
	}
	return &runtimeError{said.ErrorType, said.ErrorMessage}
}
