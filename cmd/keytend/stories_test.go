package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/notify/notifytest"
)

// TestMain makes this test binary a keytend as well: the stories run the real
// command in a process of its own, against the simulated AWS over HTTP.
//
// Stories wait more than they work, so more run at once than there are cores;
// -parallel says otherwise.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err) // every test binary has that flag
	}
	testscript.Main(m, map[string]func(){
		"keytend":     func() { os.Exit(startRecorded()) },
		"keytend-tty": func() { os.Exit(start(os.Stdout, os.Stderr)) }, // at a terminal
	})
}

// transcriptVariable names the folder in which everything that a story's
// keytend processes print is kept, to be searched for secrets.
const transcriptVariable = "KEYTEND_TEST_TRANSCRIPTS"

func startRecorded() int {
	f, err := os.CreateTemp(os.Getenv(transcriptVariable), "transcript")
	if err != nil {
		panic(err)
	}
	defer func() { _ = f.Close() }()
	return start(io.MultiWriter(os.Stdout, f), io.MultiWriter(os.Stderr, f))
}

// ableTo answers a story's conditions: [mounts], whether a file system may be mounted
// in a namespace of one's own.
func ableTo(what string) (bool, error) {
	if what != "mounts" {
		return false, fmt.Errorf("no condition is called %q", what)
	}
	return exec.CommandContext(context.Background(), "unshare", "-rm", "sh", "-c", "mount --bind /tmp /tmp && mount -o remount,bind,ro /tmp").Run() == nil, nil
}

// TestStories runs testdata/script/*.txtar; see story for their commands.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUpStory,
		Condition:           ableTo,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sim":                (*story)(nil).command((*story).sim),
			"use":                (*story)(nil).command((*story).use),
			"advance":            (*story)(nil).command((*story).advance),
			"fault":              (*story)(nil).command((*story).fault),
			"truth":              (*story)(nil).command((*story).truth),
			"calls":              (*story)(nil).command((*story).calls),
			"hook":               (*story)(nil).command((*story).hook),
			"received":           (*story)(nil).command((*story).received),
			"stall":              (*story)(nil).command((*story).stall),
			"asked":              (*story)(nil).command((*story).asked),
			"session":            (*story)(nil).command((*story).session),
			"grant":              (*story)(nil).command((*story).grant),
			"profile":            (*story)(nil).command((*story).profile),
			"grant-organization": (*story)(nil).command((*story).grantOrganization),
			"deactivate":         (*story)(nil).command((*story).deactivate),
			"consumer":           (*story)(nil).command((*story).consumer),
			"moves":              (*story)(nil).command((*story).moves),
			"dismiss":            (*story)(nil).command((*story).dismiss),
			"consumed":           (*story)(nil).command((*story).consumed),
			"keys":               (*story)(nil).command((*story).keys),
			"until":              (*story)(nil).command((*story).until),
			"days":               (*story)(nil).command((*story).days),
			"give":               (*story)(nil).command((*story).give),
			"tagged":             (*story)(nil).command((*story).tagged),
			"has":                (*story)(nil).command((*story).has),
			"human":              (*story)(nil).command((*story).human),
			"denied":             (*story)(nil).command((*story).denied),
			"working":            (*story)(nil).command((*story).working),
			"stored":             (*story)(nil).command((*story).stored),
			"asks":               (*story)(nil).command((*story).asks),
			"answer":             (*story)(nil).command((*story).answer),
			"delete-key":         (*story)(nil).command((*story).deleteKey),
			"kms-key":            (*story)(nil).command((*story).kmsKey),
			"snapshot":           (*story)(nil).command((*story).snapshot),
			"unchanged":          (*story)(nil).command((*story).unchanged),
			"findings":           (*story)(nil).command((*story).findings),
			"mail":               (*story)(nil).command((*story).mail),
			"mute":               (*story)(nil).command((*story).mute),
			"mails":              (*story)(nil).command((*story).mails),
			"webhook":            (*story)(nil).command((*story).webhook),
			"signed":             (*story)(nil).command((*story).signed),
			"board":              (*story)(nil).command((*story).board),
			"questions":          (*story)(nil).command((*story).questioned),
			"published":          (*story)(nil).command((*story).published),
			"metrics":            (*story)(nil).command((*story).metrics),
			"alarms":             (*story)(nil).command((*story).alarms),
			"somebody":           (*story)(nil).command((*story).somebody),
			"elapse":             (*story)(nil).command((*story).elapse),
			"follows":            (*story)(nil).command((*story).follows),
			"delivered":          (*story)(nil).command((*story).deliveries),
			"allow":              (*story)(nil).command((*story).allow),
			"did":                (*story)(nil).command((*story).did),
			"secret":             (*story)(nil).command((*story).secret),
			"roots":              (*story)(nil).command((*story).roots),
			"sqlite":             sqlite,
			"exits":              exits,
		},
	})
}

// story is what one script has around it.
type story struct {
	aws   *fakeaws.AWS
	past  []*fakeaws.AWS // every one that a sim command made
	first string         // the account whose administrator the script is

	profiles string // the AWS credentials file

	offered map[string][]string // the commands that answer the latest block, by their answer
	before  string              // the latest snapshot

	sessionSecrets []string // handed out by session commands

	told int // deliveries by SNS that were looked at

	stalled        atomic.Bool
	stalledService string       // empty: every one
	held           atomic.Int64 // calls that have been left without an answer

	mailServer *notifytest.MailServer
	mailAddr   string            // where it was, so that it comes back there
	unsigned   error             // what was not signed as it should be
	boardSays  map[string]string // change management's answer
	questions  []string          // that it was asked

	mu        sync.Mutex
	messages  []string // that the loopback receiver got
	consumers []*consumer
	ever      map[string]bool // every secret there ever was
	made      int             // CreateAccessKey calls when secrets were last looked at
}

type storyKey struct{}

// setUpStory gives a script a home of its own: nothing of the machine's AWS
// configuration is seen.
func setUpStory(env *testscript.Env) error {
	s := &story{}
	env.Values[storyKey{}] = s
	home := filepath.Join(env.WorkDir, "home")
	transcripts := filepath.Join(env.WorkDir, ".transcripts")
	for _, dir := range []string{home, transcripts, filepath.Join(env.WorkDir, "out")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	env.Setenv("HOME", home)
	env.Setenv("USERPROFILE", home)
	env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	env.Setenv(transcriptVariable, transcripts)
	t := env.T()
	env.Defer(func() {
		for _, c := range s.consumers {
			if c.failed > 0 {
				t.Log(fmt.Sprintf("consumer %s failed %d times of %d: %s", c.name, c.failed, c.made, c.complaint))
				if tt, ok := t.(interface{ Fail() }); ok {
					tt.Fail()
				}
			}
		}
		for _, leak := range s.leaks(transcripts, filepath.Join(env.WorkDir, "out"), filepath.Join(home, ".local"), filepath.Join(env.WorkDir, "state")) {
			t.Log("a secret was written to " + leak)
			if tt, ok := t.(interface{ Fail() }); ok {
				tt.Fail()
			}
		}
	})
	return nil
}

// leaks returns the files under the folders that hold a secret which the
// simulated AWS knows.
func (s *story) leaks(folders ...string) []string {
	secrets := s.secrets()
	var leaks []string
	for _, folder := range folders {
		_ = filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			for _, secret := range secrets {
				if strings.Contains(string(text), secret) {
					leaks = append(leaks, path)
					break
				}
			}
			return err
		})
	}
	return leaks
}

func (s *story) secrets() []string {
	s.remember()
	return slices.Collect(maps.Keys(s.ever))
}

// remember keeps every secret there is: keys may be deleted before the end.
func (s *story) remember() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ever == nil {
		s.ever = map[string]bool{}
	}
	for _, secret := range s.sessionSecrets {
		s.ever[secret] = true
	}
	for _, aws := range s.past {
		for _, account := range aws.Accounts() {
			for _, secret := range secretsOf(aws.Snapshot(account)) {
				s.ever[secret] = true
			}
		}
	}
}

func secretsOf(account fakeaws.AccountSpec) []string {
	var all []string
	for _, key := range account.Root.Keys {
		all = append(all, key.Secret)
	}
	for _, user := range account.Users {
		for _, key := range user.Keys {
			all = append(all, key.Secret)
		}
	}
	return slices.DeleteFunc(all, func(secret string) bool { return secret == "" })
}

// command makes a method a script command that can't be negated.
func (*story) command(run func(*story, *testscript.TestScript, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("this command can't be negated")
		}
		run(ts.Value(storyKey{}).(*story), ts, args)
	}
}

// ServeHTTP answers as the simulated AWS does, unless the story has stalled it.
func (s *story) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.stalled.Load() || !strings.Contains(r.Header.Get("Authorization"), "/"+s.stalledService) {
		s.consume()
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".LookupEvents") {
			s.aws.Advance(time.Second) // CloudTrail takes two a second
		}
		s.aws.ServeHTTP(w, r)
		if made := s.aws.Calls()["iam:CreateAccessKey"]; made != s.made {
			s.made = made
			s.remember()
		}
		return
	}
	_, _ = io.Copy(io.Discard, r.Body) // only then is it seen that the client has gone
	s.held.Add(1)
	<-r.Context().Done()
}

// serve puts a handler on a loopback port for the rest of the story.
func serve(ts *testscript.TestScript, handler http.Handler) *httptest.Server {
	server := httptest.NewServer(handler)
	ts.Defer(server.Close)
	return server
}
