package main

import (
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// tagged checks that a user carries a tag named after a key, and after no other:
// tagged worker AKIA… 'its value'; "new" is whichever key the user has now.
func (s *story) tagged(ts *testscript.TestScript, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: tagged USER KEY|new VALUE")
	}
	for _, user := range s.only().Users {
		if user.Name != args[0] {
			continue
		}
		key := args[1]
		if key == "new" {
			key = user.Keys[len(user.Keys)-1].ID
		}
		for name, value := range user.Tags {
			if strings.HasPrefix(name, "AKIA") && (name != key || value != args[2]) {
				ts.Fatalf("%s is tagged %s: %q", args[0], name, value)
			}
		}
		if user.Tags[key] != args[2] {
			ts.Fatalf("%s has no tag %s", args[0], key)
		}
		return
	}
	ts.Fatalf("no user %q", args[0])
}
