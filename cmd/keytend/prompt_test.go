//go:build unix

package main

import (
	"bytes"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/keytend/keytend/internal/fakeaws"
)

// sitting is a person at a terminal at which keytend runs.
type sitting struct {
	t        *testing.T
	terminal *os.File
	cmd      *exec.Cmd

	lock   sync.Mutex
	screen bytes.Buffer
	read   int // how much of it was waited for already
}

func sitDown(t *testing.T, l *life, env []string, args ...string) *sitting {
	t.Helper()
	tty := filepath.Join(t.TempDir(), "keytend-tty")
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, tty)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tty, args...)
	cmd.Env = append(append(l.env, "TERM=xterm-256color", "AWS_SHARED_CREDENTIALS_FILE="+l.cloud.consumer.file), env...)
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		t.Fatal(err)
	}
	s := &sitting{t: t, terminal: terminal, cmd: cmd}
	t.Cleanup(func() { _ = terminal.Close() })
	go func() { _, _ = io.Copy(s, terminal) }()
	return s
}

// Write implements io.Writer: it is the screen.
func (s *sitting) Write(b []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.screen.Write(b)
}

// sees waits until a text is on the screen that was not there at the last look,
// then types.
func (s *sitting) sees(text, then string) {
	s.t.Helper()
	for range 1500 {
		s.lock.Lock()
		i := strings.Index(s.screen.String()[s.read:], text)
		if i >= 0 {
			s.read += i + len(text)
		}
		s.lock.Unlock()
		if i >= 0 {
			time.Sleep(100 * time.Millisecond) // nobody types before they have read
			if _, err := s.terminal.WriteString(then); err != nil {
				s.t.Fatal(err)
			}
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.t.Fatalf("never saw %q:\n%q", text, s.all())
}

func (s *sitting) all() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.screen.String()
}

func (s *sitting) leaves(code int) {
	s.t.Helper()
	_ = s.cmd.Wait()
	if got := s.cmd.ProcessState.ExitCode(); got != code {
		s.t.Fatalf("exit code %d, want %d:\n%s", got, code, s.all())
	}
}

func guided() []string {
	return append([]string{"rotate", victim}, times...)
}

// TestGuidedAtATerminal: the place that holds the key is offered and chosen
// beforehand; Enter takes it, y does it.
func TestGuidedAtATerminal(t *testing.T) {
	l := newLife(t)
	s := sitDown(t, l, nil, guided()...)
	s.sees("Where is the new key to go?", "")
	s.sees("which holds "+l.cloud.user().Keys[0].ID, "")
	s.sees("another place", "\r")
	s.sees("Do it?", "y")
	s.sees("come back with", "")
	s.leaves(exitOK)
	if keys := l.cloud.user().Keys; len(keys) != 2 {
		t.Fatalf("keys %v:\n%s", keys, s.all())
	} else if text, _ := os.ReadFile(l.cloud.consumer.file); !strings.Contains(string(text), keys[1].ID) {
		t.Errorf("not delivered:\n%s", s.all())
	}
	if !strings.Contains(s.all(), "testing the new key") {
		t.Error("no spinner says what is being done")
	}
	for _, key := range l.cloud.user().Keys {
		if strings.Contains(s.all(), key.Secret) {
			t.Error("a secret is on the screen")
		}
	}
}

// TestPlainAtATerminal: with NO_COLOR or TERM=dumb questions are lines of text; a
// wrong answer is asked again, and a no changes nothing.
func TestPlainAtATerminal(t *testing.T) {
	for name, env := range map[string]string{"no colour": "NO_COLOR=1", "dumb": "TERM=dumb"} {
		t.Run(name, func(t *testing.T) {
			l := newLife(t)
			file := filepath.Join(l.home, "new.env")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			s := sitDown(t, l, []string{env}, guided()...)
			s.sees("  1  credentialsfile:", "")
			s.sees("Numbers, separated by spaces: ", "7\n")
			s.sees("Numbers, separated by spaces: ", "2\n")
			s.sees("Where: ", "nonsense\n")
			s.sees(`destination "nonsense"`, "")
			s.sees("Where: ", "dotenv:"+file+"\n")
			s.sees("Do it? [y/N] ", "n\n")
			s.sees("nothing was changed", "")
			s.leaves(exitFailed)
			if len(l.cloud.user().Keys) != 1 {
				t.Errorf("keys %v", l.cloud.user().Keys)
			}
			if name == "dumb" && strings.Contains(s.all(), "\x1b") {
				t.Errorf("escape sequences: %q", s.all())
			}
		})
	}
}

// TestInterruptIsANo: Ctrl-C at a question changes nothing.
func TestInterruptIsANo(t *testing.T) {
	l := newLife(t)
	s := sitDown(t, l, nil, guided()...)
	s.sees("another place", "\x03")
	s.sees("nothing was changed", "")
	s.leaves(exitFailed)
	if len(l.cloud.user().Keys) != 1 {
		t.Errorf("keys %v", l.cloud.user().Keys)
	}
}

// TestFrozenWhileAsked: a freeze that is ordered while a person reads the question
// holds for what they then say yes to.
func TestFrozenWhileAsked(t *testing.T) {
	l := newLife(t)
	const member = "210987654321"
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	cloud := fakeaws.New(fakeaws.Config{Start: start, Seed: 1, Hurried: true})
	cloud.AddAccount(fakeaws.AccountSpec{
		ID: "123456789012", Admin: "admin", Management: true, RootAccess: []string{"RootSessions"},
		Users: []fakeaws.UserSpec{{Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{}}}},
	})
	cloud.AddAccount(fakeaws.AccountSpec{ID: member, Root: fakeaws.RootSpec{Keys: []fakeaws.KeySpec{{Created: start.AddDate(-1, 0, 0)}}}})
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	id, secret := cloud.AdminKey("123456789012")
	l.env = append(l.env, "AWS_ENDPOINT_URL="+server.URL, "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+secret)
	s := sitDown(t, l, []string{"NO_COLOR=1"}, "root", "delete", "--account", member)
	s.sees("Delete these of account "+member, "")
	if err := l.start("freeze", "--why", "incident 4711").Wait(); err != nil {
		t.Fatalf("freeze: %v\n%s", err, l.output.String())
	}
	s.sees("", "y\n")
	s.sees("everything is frozen", "")
	s.leaves(exitPartial)
	if left := cloud.Snapshot(member).Root; len(left.Keys) != 1 || left.NoPassword {
		t.Errorf("%+v is left", left)
	}
}
