package main

import (
	"errors"
	"os/exec"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// days lets days pass, with a command run after every so many, as cron would:
// days 40 5 keytend apply --yes. Consumers call twice a day. Exit code 5 is fine.
func (s *story) days(ts *testscript.TestScript, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: days N EVERY COMMAND...")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	every, err := strconv.Atoi(args[1])
	ts.Check(err)
	for day := range n {
		for range 2 {
			s.aws.Advance(12 * time.Hour)
			s.consume()
		}
		if (day+1)%every != 0 {
			continue
		}
		var exit *exec.ExitError
		if err := ts.Exec(args[2], args[3:]...); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != exitBlocked) {
			ts.Fatalf("%v", err)
		}
	}
}
