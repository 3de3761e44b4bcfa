package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keytend/keytend/internal/fakeaws"
)

// consumer really uses a key: it reads it anew from its file for every call.
type consumer struct {
	name, file   string
	role         string // that it uses in the place of the file's key; empty: the key
	made, failed int
	complaint    string
}

// consumer registers one: consumer app home/.aws/credentials. It calls STS
// before every request that keytend makes and whenever time has passed. At the
// end none may have failed.
func (s *story) consumer(ts *testscript.TestScript, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: consumer NAME FILE")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.consumers = append(s.consumers, &consumer{name: args[0], file: ts.MkAbs(args[1])})
}

// dismiss ends a consumer: dismiss app. From then on nobody calls.
func (s *story) dismiss(ts *testscript.TestScript, args []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.consumers {
		if c.failed > 0 {
			ts.Fatalf("consumer %s failed %d times of %d: %s", c.name, c.failed, c.made, c.complaint)
		}
	}
	s.consumers = slices.DeleteFunc(s.consumers, func(c *consumer) bool { return c.name == args[0] })
}

// consumed fails the story where a consumer failed, or made fewer calls:
// consumed app 20.
func (s *story) consumed(ts *testscript.TestScript, args []string) {
	least, err := strconv.Atoi(args[1])
	ts.Check(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.consumers {
		if c.name == args[0] {
			if c.failed > 0 || c.made < least {
				ts.Fatalf("consumer %s: %d calls, %d failed: %s", c.name, c.made, c.failed, c.complaint)
			}
			return
		}
	}
	ts.Fatalf("no consumer %q", args[0])
}

// consume has every consumer make a call.
func (s *story) consume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.consumers {
		c.call(s.aws)
	}
}

var (
	idLine     = regexp.MustCompile(`(?im)^aws_access_key_id\s*=\s*"?([^"\s]+)`)
	secretLine = regexp.MustCompile(`(?im)^aws_secret_access_key\s*=\s*"?([^"\s]+)`)
)

func (c *consumer) call(cloud *fakeaws.AWS) {
	if c.role != "" {
		c.callAsRole(cloud)
		return
	}
	text, err := os.ReadFile(c.file)
	id, secret := idLine.FindSubmatch(text), secretLine.FindSubmatch(text)
	c.made++
	if err != nil || id == nil || secret == nil {
		c.failed, c.complaint = c.failed+1, fmt.Sprintf("no key in %s: %v", c.file, err)
		return
	}
	if err := callAs(cloud, string(id[1]), string(secret[1])); err != nil {
		c.failed, c.complaint = c.failed+1, fmt.Sprintf("as %s: %v", id[1], err)
	}
}

// moves has a consumer use a role from now on, as a function does whose
// environment AWS fills: moves billing arn:aws:iam::123456789012:role/billing.
func (s *story) moves(ts *testscript.TestScript, args []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.consumers {
		if c.name == args[0] {
			c.role = args[1]
			return
		}
	}
	ts.Fatalf("no consumer %q", args[0])
}

func (c *consumer) callAsRole(cloud *fakeaws.AWS) {
	c.made++
	id, secret, token, err := cloud.RoleSession(c.role, c.name)
	if err == nil {
		err = callWith(cloud, aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, "billing/1.0")
	}
	if err != nil {
		c.failed, c.complaint = c.failed+1, fmt.Sprintf("as %s: %v", c.role, err)
	}
}

// callAs makes one call as a key, past every fault and stall.
func callAs(cloud *fakeaws.AWS, id, secret string) error {
	return callNamed(cloud, id, secret, "billing/1.0")
}

// callNamed is callAs of a program of that name.
func callNamed(cloud *fakeaws.AWS, id, secret, agent string) error {
	return callWith(cloud, aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, agent)
}

func callWith(cloud *fakeaws.AWS, credentials aws.Credentials, agent string) error {
	return caller{cloud: cloud, credentials: credentials, agent: agent}.call("sts", "Action=GetCallerIdentity&Version=2011-06-15")
}

// caller makes calls as AWS's query protocol has them, past every fault and stall.
type caller struct {
	cloud       *fakeaws.AWS
	credentials aws.Credentials
	agent       string
	source      string // address; empty: one of documentation's
}

func (c caller) call(service, body string) error {
	request, err := http.NewRequest(http.MethodPost, "https://"+service+".amazonaws.com/", strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	request.Header.Set("User-Agent", c.agent)
	if c.source != "" {
		request.RemoteAddr = c.source + ":443"
	}
	sum := sha256.Sum256([]byte(body))
	err = v4.NewSigner().SignHTTP(context.Background(), c.credentials, request, hex.EncodeToString(sum[:]), service, "us-east-1", c.cloud.Now())
	if err != nil {
		return err
	}
	answer, err := c.cloud.RoundTripper().RoundTrip(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s: status %d: %s", service, answer.StatusCode, text)
	}
	return nil
}

// keys checks a user's keys, oldest first: keys worker Inactive Active, or
// keys worker.
func (s *story) keys(ts *testscript.TestScript, args []string) {
	for _, user := range s.only().Users {
		if user.Name != args[0] {
			continue
		}
		slices.SortStableFunc(user.Keys, func(a, b fakeaws.KeySpec) int { return a.Created.Compare(b.Created) })
		var got []string
		for _, key := range user.Keys {
			got = append(got, key.Status)
		}
		if !slices.Equal(got, args[1:]) && len(got)+len(args) > 1 {
			ts.Fatalf("keys of %s are %v, want %v", args[0], got, args[1:])
		}
		return
	}
	ts.Fatalf("no user %q", args[0])
}

// until lets days pass, with keytend resumed whenever it wants to look again,
// until a user's latest record is in a phase: until overlap worker. Consumers
// call at least twice a day.
func (s *story) until(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: until PHASE USER [FLAG...]")
	}
	phase := strings.ReplaceAll(args[0], "-", " ")
	var record struct {
		Phase     string
		NotBefore *time.Time `json:"not_before"`
	}
	for range 100 {
		status := ts.Exec("keytend", append([]string{"status", args[1], "--output", "json"}, args[2:]...)...)
		ts.Check(status)
		var answer struct{ Records []json.RawMessage }
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &answer))
		ts.Check(json.Unmarshal(answer.Records[0], &record))
		if record.Phase == phase {
			return
		}
		s.passTime(record.NotBefore)
		_ = ts.Exec("keytend", append([]string{"resume", args[1], "--patience", "1s"}, args[2:]...)...) // exit 5 is fine
	}
	ts.Fatalf("still %s: %s", record.Phase, ts.ReadFile("stdout"))
}

// passTime advances to a moment, in steps of half a day; by a minute at least,
// since what is looked for every second may take its time.
func (s *story) passTime(to *time.Time) {
	if to == nil {
		return
	}
	for left := max(to.Sub(s.aws.Now())+time.Second, time.Minute); left > 0; left -= 12 * time.Hour {
		s.aws.Advance(min(left, 12*time.Hour))
		s.consume()
	}
}

// give puts a user's key into a file: give worker 0 home/.aws/credentials, with
// what stands there before "[default]" kept.
func (s *story) give(ts *testscript.TestScript, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for _, user := range s.only().Users {
		if user.Name == args[0] {
			key := user.Keys[n]
			text := fmt.Sprintf("# of %s\n[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", user.Name, key.ID, key.Secret)
			ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o600))
			return
		}
	}
	ts.Fatalf("no user %q", args[0])
}

// has checks which of a user's keys, oldest first, a file holds: has FILE worker 1.
func (s *story) has(ts *testscript.TestScript, args []string) {
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	text := ts.ReadFile(args[0])
	for _, user := range s.only().Users {
		if user.Name == args[1] {
			slices.SortStableFunc(user.Keys, func(a, b fakeaws.KeySpec) int { return a.Created.Compare(b.Created) })
			if n >= len(user.Keys) || !strings.Contains(text, user.Keys[n].ID) || !strings.Contains(text, user.Keys[n].Secret) {
				ts.Fatalf("%s does not hold key %d of %s", args[0], n, args[1])
			}
			return
		}
	}
}

// human does something behind keytend's back, as the administrator:
// human UpdateAccessKey UserName worker AccessKeyId AKIA… Status Active.
func (s *story) human(ts *testscript.TestScript, args []string) {
	ts.Check(s.asAdmin(append([]string{"Action"}, args...)...))
}

// denied checks that a user's old sessions are denied.
func (s *story) denied(ts *testscript.TestScript, args []string) {
	for _, user := range s.only().Users {
		if user.Name == args[0] {
			for _, document := range user.InlinePolicies {
				if strings.Contains(document, "aws:TokenIssueTime") {
					return
				}
			}
		}
	}
	ts.Fatalf("sessions of %s are not denied", args[0])
}

// working waits until a user carries keytend's tag.
func (s *story) working(ts *testscript.TestScript, args []string) {
	for range 500 {
		for _, user := range s.only().Users {
			if user.Name == args[0] && user.Tags["keytend:claim"] != "" {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("nobody has claimed %s", args[0])
}

// sqlite runs a statement on a state file, past keytend.
func sqlite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite FILE STATEMENT")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer func() { _ = db.Close() }()
	_, err = db.Exec(args[1])
	ts.Check(err)
}

// stored checks whether secrets and parameters hold a key: stored AKIA… present.
// What else stands in them must have stayed.
func (s *story) stored(ts *testscript.TestScript, args []string) {
	account := s.only()
	values := []string{account.Secrets[0].Value, account.Parameters[0].Value}
	for _, value := range values {
		if strings.Contains(value, args[0]) != (args[1] == "present") {
			ts.Fatalf("%s is not %s in %s", args[0], args[1], value)
		}
	}
	if !strings.Contains(values[0], `billing.example.com`) {
		ts.Fatalf("a neighbour is gone: %s", values[0])
	}
}

// victim is the user whose key is rotated.
const victim = "worker"

// times are short where a process waits for real.
var times = []string{"--settle", "50ms", "--prove-span", "100ms"}
