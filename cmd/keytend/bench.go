package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/destination/all"
	"github.com/keytend/keytend/internal/destination/secretsmanager"
	"github.com/keytend/keytend/internal/destination/ssm"
	"github.com/keytend/keytend/internal/managed"
	"github.com/keytend/keytend/internal/nearest"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/rotation/onaws"
)

// bench is everything that work on one account's keys needs.
type bench struct {
	app       *app
	desk      *desk
	session   *awsapi.Session
	account   string             // twelve digits
	alias     *accesskey.Account // the same with its alias; nil: not asked for yet
	rotator   *rotation.Rotator
	past      rotation.Past
	elsewhere *managed.Registry // of what is not on record; nil: nobody is asked
	lookout   *lookout
	many      bool // more than this account is meant: commands to come back with name it
	virtual   bool // AWS is simulated: its clock is its own
}

// openBench opens the state file, a session and the escrow. make allows an
// escrow identity to be made where nothing is sealed yet; without, one that is missing is told to whoever
// needs it.
func (a *app) openBench(ctx context.Context, s *state, make bool) (*bench, error) {
	session, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	id, err := session.Identity(ctx) // AWS's clock is known from here on
	if err != nil {
		return nil, err
	}
	registry, err := s.elsewhere.registry(session)
	if err != nil {
		return nil, err
	}
	d, err := a.openDesk(ctx, s)
	if err != nil {
		return nil, err
	}
	b := &bench{app: a, desk: d, session: session, account: id.Account, elsewhere: registry}
	b.lookout = &lookout{sources: s.elsewhere.sources, states: session, session: session}
	sealed, err := a.escrow(s, session.KMS(s.kms), make && !d.sealedByAge(ctx))
	if err != nil {
		sealed = lateEscrow{err}
	}
	b.assemble(sealed, s.keyless)
	b.rotator.Asker, b.rotator.Gate.Freezes = a.askerInForce(), a.freezesInForce()
	return b, nil
}

func (b *bench) close() { b.desk.close() }

// now is AWS's time in whole seconds.
func (b *bench) now() time.Time { return now(b.session) }

// surroundings are what destinations need. user is whose key they are to hold;
// empty: nobody's, only their names matter.
func (b *bench) surroundings(user string) all.Surroundings {
	folder, _ := os.Getwd() // relative paths fail on their own
	region, _ := b.session.Region()
	deliverer := b.session.As(awsapi.Deliver)
	locks := ""
	if b.desk != nil { // without a state file nothing is written anywhere
		locks = filepath.Join(filepath.Dir(b.desk.path), "locks")
	}
	return all.Surroundings{
		Home: b.app.home, Folder: folder, Environ: b.app.environ,
		Locks: locks,
		User:  user, Region: region,
		Secrets:    func(region string) secretsmanager.Store { return deliverer.Secrets(region) },
		Parameters: func(region string) ssm.Store { return deliverer.Parameters(region) },
	}
}

// work keeps other Keytends off a user for as long as it is worked on.
func (b *bench) work(subject accesskey.Subject) (leave func(), err error) {
	return b.desk.work(subject)
}

// workOn begins work on a user, and returns the record under way, if there is
// one.
func (b *bench) workOn(ctx context.Context, user accesskey.User) (record accesskey.Record, under bool, leave func(), err error) {
	if leave, err = b.work(b.subjectOf(user)); err != nil {
		return record, false, nil, err
	}
	if record, under, err = b.live(ctx, user.Name); err != nil {
		leave()
	}
	return record, under, leave, err
}

// names turns what was typed after --deliver into names for the record.
func (b *bench) names(typed []string) ([]string, error) {
	var names []string
	for _, t := range typed {
		name, err := all.Name(t, b.surroundings(""))
		if err != nil {
			return nil, err
		}
		if slices.Contains(names, name) {
			return nil, fmt.Errorf("destination %s is given twice", t)
		}
		names = append(names, name)
	}
	return names, nil
}

// subject finds a user by name or by key, with every key as it is now.
func (b *bench) subject(ctx context.Context, typed string) (accesskey.User, accesskey.ID, error) {
	name, key := typed, accesskey.ID("")
	if id, err := accesskey.ParseID(typed); err == nil {
		finder := &explain{app: b.app, session: b.session}
		if name, err = finder.userOf(ctx, id); err != nil {
			return accesskey.User{}, "", err
		}
		key = id
	}
	user, err := b.look(ctx, name)
	if err == nil && key != "" && !holds(user, key) {
		err = hinted{fmt.Errorf("user %s no longer has key %s", user.Name, key), "`keytend explain " + user.Name + "` tells about the user"}
	}
	return user, key, err
}

// look reads one user; failing that, the error has the nearest names.
func (b *bench) look(ctx context.Context, name string) (accesskey.User, error) {
	fact := b.rotator.Keys.User(ctx, accesskey.Subject{Account: b.account, User: name})
	user, known := fact.Get()
	if !known {
		return user, fmt.Errorf("read user %s: %s", name, fact.Why())
	}
	if user.ID == "" {
		return user, b.nobody(ctx, name)
	}
	if keys, known := user.Keys.Get(); !known {
		return user, fmt.Errorf("read the keys of %s: %s", name, user.Keys.Why())
	} else if len(keys) == 0 {
		return user, hinted{fmt.Errorf("user %s has no access key", name), "there is nothing to rotate, retire or revoke"}
	}
	return user, nil
}

func (b *bench) nobody(ctx context.Context, name string) error {
	err := fmt.Errorf("no user %s in account %s", name, b.account)
	var names []string
	for page, listErr := range b.session.ListUsers(ctx) {
		if listErr != nil {
			return hinted{err, "`keytend scan --all` lists the users there are"}
		}
		for _, u := range page.Users {
			names = append(names, u.Name)
		}
	}
	if near := nearest.Names(name, names); len(near) > 0 {
		return hinted{err, "did you mean " + strings.Join(near, ", ") + "?"}
	}
	return hinted{err, fmt.Sprintf("the account has %s; `keytend scan --all` lists them", count(len(names), "user"))}
}

func holds(user accesskey.User, id accesskey.ID) bool {
	keys, _ := user.Keys.Get()
	return slices.ContainsFunc(keys, func(k accesskey.Key) bool { got, _ := k.ID.Get(); return got == id })
}

func (b *bench) subjectOf(user accesskey.User) accesskey.Subject {
	return accesskey.Subject{Account: b.account, User: user.Name, UserID: user.ID}
}

// live is the record under way of a user.
func (b *bench) live(ctx context.Context, user string) (accesskey.Record, bool, error) {
	r, err := b.desk.Fetch(ctx, accesskey.Subject{Account: b.account, User: user})
	if errors.Is(err, rotation.ErrNoRecord) {
		return r, false, nil
	}
	return r, err == nil, err
}

// probe runs a person's command as the new key: the key is in its environment
// and nowhere else.
func (a *app) probe(ctx context.Context, command string, c rotation.Credential) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	run := shell(ctx, command)
	run.Env = append(withoutCredentials(a.environ),
		"AWS_ACCESS_KEY_ID="+string(c.ID), "AWS_SECRET_ACCESS_KEY="+c.Secret.Reveal())
	run.WaitDelay = time.Second
	out, err := run.CombinedOutput()
	if err == nil {
		return nil
	}
	text := strings.ReplaceAll(string(out), c.Secret.Reveal(), "REDACTED")
	return fmt.Errorf("probe %q: %w: %s", command, err, firstLine(text))
}

func shell(ctx context.Context, command string) *exec.Cmd {
	if runtime.GOOS == "windows" {
		return exec.CommandContext(ctx, "cmd", "/C", command)
	}
	return exec.CommandContext(ctx, "sh", "-c", command)
}

// withoutCredentials leaves out what would win over the key, or point elsewhere
// for one.
func withoutCredentials(environ []string) []string {
	gone := []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
		"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN", ageIdentityVariable}
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(gone, strings.ToUpper(name))
	})
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if len(line) > 200 {
		line = line[:200]
	}
	return awsapi.Redact(line)
}

// simulated reports that the AWS in use is `keytend sim` on this computer. Its
// clock is its own, so how far the computer's is from it means nothing.
func (a *app) simulated() bool {
	pid, _ := a.lookupEnv("KEYTEND_SIM_PID")
	endpoint, _ := a.lookupEnv("AWS_ENDPOINT_URL")
	u, err := url.Parse(endpoint)
	if pid == "" || err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}

// hurried reports that the simulated AWS keeps no rate of its own either, for
// tests in which years pass: pauses between tries would be all that takes time.
func (a *app) hurried() bool {
	asked, _ := a.lookupEnv("KEYTEND_SIM_HURRIED")
	return asked != "" && a.simulated()
}

// virtualClock is the clock of a simulated AWS: there is no skew.
type virtualClock struct{ rotation.Clock }

// Skew implements rotation.Clock.
func (c virtualClock) Skew(context.Context) accesskey.Fact[time.Duration] {
	return accesskey.Observed(time.Duration(0), c.Now(), "simulated AWS")
}

// assemble puts the rotator together.
func (b *bench) assemble(sealed rotation.Escrow, keyless bool) {
	virtual := b.virtual || b.app.simulated()
	options := onaws.Options{Journal: b.desk.name, Keyless: keyless, Elsewhere: b.askElsewhere}
	if !virtual { // another simulation may have the same keys
		options.Notes = b.desk.notes
	}
	account := onaws.New(b.session, options)
	region, _ := b.session.Region()
	b.past = account
	b.rotator = &rotation.Rotator{
		Journal: b.desk, Escrow: sealed, Keys: account, Mutations: account, Tags: account, Rights: account,
		Prover: account, Trail: account, Roles: account, Signer: account, Clock: account, Holders: b.desk, Freezer: b.desk,
		Destination: func(subject accesskey.Subject, name string) (rotation.Destination, error) {
			return all.Open(name, b.surroundings(subject.User))
		},
		Probe:  b.app.probe,
		Decide: policy.Decide, Random: func() string { return randomWord(10) },
		Gate:    policy.Gate{Mode: policy.Enforce}, // a person typed the command
		Regions: []string{region}, JournalName: b.desk.name, Holder: b.desk.holderName(),
	}
	if virtual {
		b.rotator.Clock = virtualClock{account}
	}
}

// ownPlace is the destination that the key in use came from, where that is a
// profile of the shared credentials file.
func (b *bench) ownPlace(ctx context.Context, key accesskey.ID) (string, bool) {
	file, _ := b.app.lookupEnv("AWS_SHARED_CREDENTIALS_FILE")
	if file == "" {
		file = filepath.Join(b.app.home, ".aws", "credentials")
	}
	profile := b.app.profile
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		if v, _ := b.app.lookupEnv(name); profile == "" {
			profile = v
		}
	}
	if profile == "" {
		profile = "default"
	}
	name, err := all.Name("credentialsfile:"+file+"#"+profile, b.surroundings(""))
	if err != nil {
		return "", false
	}
	d, err := all.Open(name, b.surroundings(""))
	if err != nil {
		return "", false
	}
	held, err := d.Current(ctx)
	return name, err == nil && held.Key == key
}
