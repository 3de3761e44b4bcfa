package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/escrow"
	"github.com/keytend/keytend/internal/journal"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/rotation/onaws"
)

// ageIdentityVariable holds the text of an age identity.
const ageIdentityVariable = "KEYTEND_AGE_IDENTITY"

// state is where records, audit and escrow are kept, as the flags say.
type state struct {
	path     string // of the state file; empty: the default
	identity string // file of the age identity; empty: beside the state file
	kms      string // KMS key instead of an age identity; empty: none
	keyless  bool   // our own temporary credentials rest on no long-lived key
	reading  bool   // nothing is changed: a file that can't be written will do
	many     bool   // more than the credentials' own account is meant: commands to come back with name it

	elsewhere elsewhere
}

// in adds the account of a record to the words of a command, where more than one is
// meant.
func (s *state) in(account string, words ...string) []string {
	if s.many {
		words = append(words, "--account", account)
	}
	return words
}

// statePath is understood by every command that reads or writes records.
func (s *state) addTo(command *cobra.Command) {
	command.Flags().StringVar(&s.path, "state", "", "state `file`: records and audit (default: $XDG_STATE_HOME/keytend/state.db)")
}

// addEscrowTo is for commands that seal or open secrets.
func (s *state) addEscrowTo(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&s.identity, "escrow-identity", "", "`file` of the age identity that secrets are sealed with (also: "+ageIdentityVariable+
		" in the environment; default: identity.age beside the state file, made at first use)")
	flags.StringVar(&s.kms, "escrow-kms", "", "seal with this AWS KMS `key` (ID, ARN or alias) instead")
	command.MarkFlagsMutuallyExclusive("escrow-identity", "escrow-kms")
	flags.BoolVar(&s.keyless, "keyless", false, "your own temporary credentials were not made from an access key (SSO, CI by OIDC): "+
		"where that can't be told, no key is switched off without this word")
}

// file is the state file in use.
func (s *state) file(a *app) string {
	if s.path != "" {
		return s.path
	}
	if path, _ := a.lookupEnv("KEYTEND_STATE"); path != "" {
		return path
	}
	return journal.DefaultPath(a.lookupEnv, a.home)
}

// desk is an open state file and this process at it.
type desk struct {
	*journal.Journal
	path   string
	name   string // what every token of this journal begins with
	person string // who types the commands
	holder *journal.Holder
	notes  *onaws.Notes // what was read of CloudTrail, beside the state file
}

// openDesk opens the state file and enters as a holder.
func (a *app) openDesk(ctx context.Context, s *state) (*desk, error) {
	path := s.file(a)
	j, err := a.openState(ctx, path)
	if s.reading && errors.Is(err, journal.ErrReadOnly) {
		return a.openReadOnly(ctx, path)
	}
	if err != nil {
		return nil, stateError(err)
	}
	d := &desk{Journal: j, path: path, person: person(a), notes: onaws.NewNotes(filepath.Join(filepath.Dir(path), "trail"))}
	if d.name, err = journalName(path); err == nil {
		d.holder, err = j.Enter("cli-" + randomWord(10))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open state file %s: %w", path, err), j.Close())
	}
	return d, nil
}

// openReadOnly opens a state file that can't be written: this process is no holder,
// and must act on nothing.
func (a *app) openReadOnly(ctx context.Context, path string) (*desk, error) {
	j, err := journal.OpenToRead(ctx, path)
	if err != nil {
		return nil, err
	}
	a.aside("state file %s can't be written here: it is only read", path)
	name, _ := os.ReadFile(path + ".name") // without one, no journal has this name
	return &desk{Journal: j, path: path, name: strings.TrimSpace(string(name)), person: person(a), notes: onaws.NewNotes(filepath.Join(filepath.Dir(path), "trail"))}, nil
}

// holderName is this process's among those at the state file; empty: it only reads.
func (d *desk) holderName() string {
	if d.holder == nil {
		return ""
	}
	return d.holder.Name()
}

// openState opens a state file; a function's lies on network storage.
func (a *app) openState(ctx context.Context, path string) (*journal.Journal, error) {
	if a.function {
		return journal.OpenAlone(ctx, path)
	}
	return journal.Open(ctx, path)
}

// openToRead opens a state file that is there already.
func (a *app) openToRead(ctx context.Context, s *state) (*desk, error) {
	path := s.file(a)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, hinted{fmt.Errorf("no state file %s: nothing was ever rotated with it", path), "point --state at another, or begin with `keytend rotate USER`"}
	}
	s.reading = true
	return a.openDesk(ctx, s)
}

func stateError(err error) error {
	switch {
	case errors.Is(err, journal.ErrNewer):
		return err // says what to do
	case errors.Is(err, journal.ErrReadOnly):
		return hinted{err, "this command writes to it: run it where the file and its folder can be written. To read it, `keytend status`, `plan` and `audit` do"}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return hinted{err, "point --state at a file that you may write"}
	}
	return hinted{err, "point --state at another file, or put this one right"}
}

func (d *desk) close() {
	if d.holder != nil {
		_ = d.holder.Leave() // the operating system frees it anyway
	}
	_ = d.Close()
}

// work keeps other Keytends of this computer off a user for as long as it is
// held.
func (d *desk) work(subject accesskey.Subject) (leave func(), err error) {
	held, err := d.Enter("user-" + subject.Account + "-" + hex.EncodeToString([]byte(strings.ToLower(subject.User))))
	if err != nil {
		return nil, hinted{fmt.Errorf("user %s is being worked on by another keytend with this state file", subject.User),
			"wait until it has ended; `keytend status " + subject.User + "` can be asked meanwhile"}
	}
	return func() { _ = held.Leave() }, nil
}

// journalName reads the name of a journal, or gives it one. It lies beside the
// state file, so that a state file that was put back from a copy keeps it.
func journalName(path string) (string, error) {
	path += ".name"
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeJournalName(path)
	}
	name := strings.TrimSpace(string(text))
	if err == nil && name == "" {
		err = fmt.Errorf("%s is empty", path)
	}
	return name, err
}

// makeJournalName gives a name; of two processes that do so at once, one wins.
func makeJournalName(path string) (string, error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".name-*")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.WriteString("j" + randomWord(8) + "\n")
	if err := errors.Join(err, temp.Close()); err != nil {
		return "", err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	text, err := os.ReadFile(path)
	return strings.TrimSpace(string(text)), err
}

// randomWord has n bytes of randomness, in small letters and digits.
func randomWord(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand
	return hex.EncodeToString(b)
}

// person is who sits at the keyboard, as far as the computer knows.
func person(a *app) string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	for _, name := range []string{"USER", "USERNAME"} {
		if v, _ := a.lookupEnv(name); v != "" {
			return v
		}
	}
	return "somebody"
}

// escrow opens what secrets are sealed with. make allows an identity to be made
// where there is none. What is missing is found by Check, before a key is made.
func (a *app) escrow(s *state, kms escrow.KMS, make bool) (rotation.Escrow, error) {
	if s.kms != "" {
		return escrow.NewKMS(kms, s.kms, rand.Reader), nil
	}
	if text, _ := a.lookupEnv(ageIdentityVariable); text != "" && s.identity == "" {
		age, err := escrow.NewAge(text)
		if err != nil {
			return nil, hinted{fmt.Errorf("%s: %w", ageIdentityVariable, err), "it must hold the text of an age key file (AGE-SECRET-KEY-1…)"}
		}
		return age, nil
	}
	path := s.identity
	if path == "" {
		path = filepath.Join(filepath.Dir(s.file(a)), "identity.age")
	} else {
		make = false
	}
	age, err := escrow.OpenAge(path, make)
	if errors.Is(err, escrow.ErrNoIdentity) || errors.Is(err, fs.ErrNotExist) {
		return nil, hinted{fmt.Errorf("no age identity %s: what is sealed can't be opened without it", path),
			"name the file with --escrow-identity, or put its text into " + ageIdentityVariable}
	}
	if err != nil {
		return nil, hinted{err, "name another file with --escrow-identity"}
	}
	return age, nil
}

// sealedByAge reports whether a live record holds what only an age identity opens:
// another identity made in the place of one that was lost would be in the way when
// that is put back.
func (d *desk) sealedByAge(ctx context.Context) bool {
	records, err := d.List(ctx, "", false)
	return err != nil || slices.ContainsFunc(records, func(r accesskey.Record) bool {
		texts := []string{r.Sealed, r.SealedOld}
		for _, delivery := range r.Deliveries {
			texts = append(texts, delivery.Previous)
		}
		return slices.ContainsFunc(texts, escrow.ByAge)
	})
}

// lateEscrow is an escrow that could not be opened: whoever needs it is told so.
type lateEscrow struct{ err error }

func (e lateEscrow) Check(context.Context) error { return e.err }
func (e lateEscrow) Seal(context.Context, string, []byte) (string, error) {
	return "", e.err
}
func (e lateEscrow) Open(context.Context, string, string) ([]byte, error) { return nil, e.err }

// stamp is a time as people read it, to the minute, UTC.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
