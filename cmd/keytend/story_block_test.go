package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keytend/keytend/internal/fakeaws"
)

// asks lets days pass until a user's record is blocked, and wants the reason to
// match and exactly these answers to be offered, each as a command:
//
//	asks worker 'still used at overlap_max' force retry rollback
func (s *story) asks(ts *testscript.TestScript, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: asks USER REASON ANSWER...")
	}
	s.until(ts, []string{"blocked", args[0]})
	var exit *exec.ExitError
	if err := ts.Exec("keytend", "resume", args[0], "--patience", "1s"); !errors.As(err, &exit) || exit.ExitCode() != exitBlocked {
		ts.Fatalf("resume: %v, want exit code %d", err, exitBlocked)
	}
	said := ts.ReadFile("stderr")
	if !regexp.MustCompile(args[1]).MatchString(said) {
		ts.Fatalf("no %q in what blocks: %s", args[1], said)
	}
	s.offered = map[string][]string{}
	var got []string
	for _, line := range commandLine.FindAllStringSubmatch(said, -1) {
		words := strings.Fields(line[1])
		answer := words[1]
		if answer == "resolve" {
			answer = words[3]
		}
		s.offered[answer] = words
		got = append(got, answer)
	}
	if !slices.Equal(got, args[2:]) {
		ts.Fatalf("offered %v, want %v: %s", got, args[2:], said)
	}
}

// commandLine is a command that a person is offered: its words up to where the
// words about it begin.
var commandLine = regexp.MustCompile(`(?m)^(?:hint:)? +(keytend (?:\S+ )*?\S+)  +\S`)

// answer gives one of the answers that asks saw, exactly as it was printed:
// answer force. That it blocks again is fine.
func (s *story) answer(ts *testscript.TestScript, args []string) {
	words := s.offered[args[0]]
	if words == nil {
		ts.Fatalf("%q was not offered: %v", args[0], s.offered)
	}
	var exit *exec.ExitError
	if err := ts.Exec(words[0], append(words[1:], "--yes", "--patience", "3s")...); !errors.As(err, &exit) || exit.ExitCode() != exitBlocked {
		ts.Check(err)
	}
}

// kmsKey makes a KMS key: kms-key alias/keytend.
func (s *story) kmsKey(ts *testscript.TestScript, args []string) {
	id, secret := s.aws.AdminKey(s.first)
	client := kms.New(kms.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
		HTTPClient: &http.Client{Transport: s.aws.RoundTripper()},
	})
	made, err := client.CreateKey(context.Background(), &kms.CreateKeyInput{})
	ts.Check(err)
	_, err = client.CreateAlias(context.Background(), &kms.CreateAliasInput{AliasName: aws.String(args[0]), TargetKeyId: made.KeyMetadata.KeyId})
	ts.Check(err)
}

// deleteKey deletes one of a user's keys, counted from the oldest, behind
// everybody's back: delete-key worker 1.
func (s *story) deleteKey(ts *testscript.TestScript, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for _, user := range s.only().Users {
		if user.Name == args[0] {
			slices.SortStableFunc(user.Keys, func(a, b fakeaws.KeySpec) int { return a.Created.Compare(b.Created) })
			ts.Check(s.asAdmin("Action", "DeleteAccessKey", "UserName", user.Name, "AccessKeyId", user.Keys[n].ID))
		}
	}
}

// snapshot notes how everything at AWS stands, for unchanged to compare.
func (s *story) snapshot(ts *testscript.TestScript, _ []string) {
	s.before = s.picture(ts)
	s.aws.ResetCalls()
}

// unchanged fails the story where anything at AWS is otherwise than at the last
// snapshot, or anything was asked for that would change it.
func (s *story) unchanged(ts *testscript.TestScript, _ []string) {
	for call, n := range s.aws.Calls() {
		if n > 0 && mutating.MatchString(call) {
			ts.Fatalf("%d calls of %s", n, call)
		}
	}
	if now := s.picture(ts); now != s.before {
		ts.Fatalf("changed:\n%s\nwas\n%s", now, s.before)
	}
}

var mutating = regexp.MustCompile(`:(Create|Update|Delete|Put|Tag|Untag|Attach|Detach|Add|Remove)`)

// picture is all that lasts at AWS: not when a key was used.
func (s *story) picture(ts *testscript.TestScript) string {
	account := s.only()
	for i := range account.Users {
		for j := range account.Users[i].Keys {
			account.Users[i].Keys[j].LastUsed = nil
		}
	}
	text, err := json.Marshal(account)
	ts.Check(err)
	return string(text)
}
