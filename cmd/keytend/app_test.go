package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

func TestColour(t *testing.T) {
	for _, test := range []struct {
		terminal bool
		env      map[string]string
		noColor  bool
		want     bool
	}{
		{terminal: true, want: true},
		{terminal: false},
		{terminal: true, noColor: true},
		{terminal: true, env: map[string]string{"NO_COLOR": "1"}},
		{terminal: true, env: map[string]string{"NO_COLOR": ""}, want: true}, // empty counts as unset: no-color.org
		{terminal: true, env: map[string]string{"TERM": "dumb"}},
		{terminal: true, env: map[string]string{"TERM": "xterm-256color"}, want: true},
	} {
		a := testApp()
		a.out.is, a.noColor = test.terminal, test.noColor
		a.lookupEnv = func(name string) (string, bool) { value, ok := test.env[name]; return value, ok }
		if got := a.colour(); got != test.want {
			t.Errorf("%+v: colour = %v", test, got)
		}
	}
}

// TestOnlyTerminalsAreSpared: files and pipes get every finding, in full width.
func TestOnlyTerminalsAreSpared(t *testing.T) {
	for _, test := range []struct {
		terminal bool
		out      string
		want     int
	}{{true, "", findingsShown}, {true, "-", findingsShown}, {true, "keys.txt", 0}, {false, "", 0}} {
		a := testApp()
		a.out.is = test.terminal
		look := a.look(test.out)
		if look.Limit != test.want {
			t.Errorf("%+v: limit %d", test, look.Limit)
		}
		if spared := look.Width == unbounded; spared == (test.want > 0) {
			t.Errorf("%+v: width %d", test, look.Width)
		}
	}
}

func TestLevel(t *testing.T) {
	for verbose, want := range []slog.Level{slog.LevelWarn, slog.LevelInfo, slog.LevelDebug, slog.LevelDebug} {
		if a := (&app{verbose: verbose}); a.level() != want {
			t.Errorf("-v %d times: %v", verbose, a.level())
		}
	}
}

func TestFailSaysWhatAndWhatNext(t *testing.T) {
	for _, test := range []struct {
		err   error
		quiet bool
		code  int
		text  string
	}{
		{errors.New("odd"), false, exitFailed, "keytend: odd\n"},
		{fmt.Errorf("wrap: %w", hinted{errors.New("odd"), "do this"}), false, exitFailed, "keytend: wrap: odd\nhint: do this\n"},
		{hinted{errors.New("bell \a and \x1b[31m"), ""}, false, exitFailed, "keytend: bell \ufffd and \ufffd[31m\n"},
		{verdict{code: exitFindings, text: "2 findings"}, false, exitFindings, "keytend: 2 findings\n"},
		{verdict{code: exitFindings, text: "2 findings"}, true, exitFindings, ""},
		{errors.New("odd"), true, exitFailed, "keytend: odd\n"},
		// A file or a port of this computer's is nothing that AWS didn't answer.
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}, false, exitFailed, "keytend: open x: no such file or directory\n"},
		{&net.OpError{Op: "listen", Net: "tcp", Err: errors.New("taken")}, false, exitFailed, "keytend: listen tcp: taken\n"},
		{&awsapi.Error{Call: "iam:ListUsers", Class: awsapi.Service, Message: "busy"}, false, exitFailed, "keytend: iam:ListUsers: busy\nhint: AWS failed on its side. Try again later.\n"},
	} {
		a := testApp()
		a.quiet = test.quiet
		if code := a.fail(test.err); code != test.code {
			t.Errorf("%v: exit code %d, want %d", test.err, code, test.code)
		}
		if said := a.stderr.(*bytes.Buffer).String(); said != test.text {
			t.Errorf("%v: said %q, want %q", test.err, said, test.text)
		}
	}
}

// TestVerdict: 4 wins over 3, 3 over 1, and a baseline makes any finding fatal.
func TestVerdict(t *testing.T) {
	findings := []policy.Finding{{Severity: policy.High}, {Severity: policy.Low}}
	failure := []accesskey.Failure{{Account: "123456789012", Call: "iam:ListUsers", Err: "AccessDenied: no"}}
	for _, test := range []struct {
		name     string
		failOn   string
		compared bool
		failures []accesskey.Failure
		told     error
		none     bool
		want     int
	}{
		{name: "findings are no failure by themselves", want: exitOK},
		{name: "high", failOn: "high", want: exitFindings},
		{name: "critical", failOn: "critical", want: exitOK},
		{name: "baseline", compared: true, want: exitFindings},
		{name: "baseline with nothing new", compared: true, none: true, want: exitOK},
		{name: "baseline and critical", compared: true, failOn: "critical", want: exitOK},
		{name: "partial", failures: failure, want: exitPartial},
		{name: "partial and high", failOn: "high", failures: failure, want: exitPartial},
		{name: "notification failed", told: errors.New("no"), want: exitFailed},
		{name: "notification failed and high", told: errors.New("no"), failOn: "high", want: exitFindings},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &scan{app: testApp(), failOn: choice{value: test.failOn}}
			found := result{Scan: report.Scan{Findings: findings}, failures: test.failures, compared: test.compared}
			if test.none {
				found.Findings = nil
			}
			got := exitOK
			if err := s.verdict(found, test.told); err != nil {
				got = testApp().fail(err)
			}
			if got != test.want {
				t.Errorf("exit code %d, want %d", got, test.want)
			}
		})
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90d": 90 * policy.Day, "36h": 36 * time.Hour, "2w": 14 * policy.Day, "1y": 365 * policy.Day, "1d12h": 36 * time.Hour,
	} {
		var got time.Duration
		if err := (span{&got}).Set(text); err != nil || got != want {
			t.Errorf("%s = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "90", "d", "-1d", "1.5d", "90 d", "99999999y"} {
		var got time.Duration
		if err := (span{&got}).Set(text); err == nil {
			t.Errorf("%q = %v", text, got)
		}
	}
}

func TestProgressIsOneLineAndLeavesNothing(t *testing.T) {
	var drawn bytes.Buffer
	clock := time.Unix(0, 0)
	line := &progressLine{w: &drawn, width: 20, now: func() time.Time { return clock }}
	for done := range 3 {
		clock = clock.Add(time.Second)
		line.show(inventory.Progress{Phase: inventory.PhaseKeys, Done: done, Total: 3})
		line.show(inventory.Progress{Phase: inventory.PhaseKeys, Done: done, Total: 3}) // too soon
	}
	line.end()
	line.show(inventory.Progress{Phase: inventory.PhaseKeys}) // too late
	const erase = "\r\x1b[K"
	want := erase + "/ reading keys 0/3" + erase + "- reading keys 1/3" + erase + "\\ reading keys 2/3" + erase
	if drawn.String() != want {
		t.Errorf("drawn %q, want %q", drawn.String(), want)
	}

	drawn.Reset()
	narrow := &progressLine{w: &drawn, width: 10, now: func() time.Time { return clock }}
	narrow.show(inventory.Progress{Phase: inventory.PhaseReport})
	if got := strings.TrimPrefix(drawn.String(), erase); len(got) != 9 {
		t.Errorf("%q doesn't fit into 10 columns", got)
	}
}

func TestProgressOnlyOnATerminal(t *testing.T) {
	for _, test := range []struct {
		terminal, quiet bool
		verbose         int
		want            bool
	}{
		{terminal: true, want: true},
		{terminal: false},
		{terminal: true, quiet: true},
		{terminal: true, verbose: 1},
	} {
		a := testApp()
		a.err.is, a.quiet, a.verbose = test.terminal, test.quiet, test.verbose
		show, end := a.progress()
		end()
		if (show != nil) != test.want {
			t.Errorf("%+v: progress = %v", test, show != nil)
		}
	}
}
