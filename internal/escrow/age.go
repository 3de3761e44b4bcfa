package escrow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
)

const schemeAge = "age"

// Age seals to one age X25519 identity.
type Age struct {
	identity *age.X25519Identity
}

// NewAge returns an escrow with the identity of an age key file's text
// (AGE-SECRET-KEY-1…, comments allowed), from a file or the environment.
// ErrNoIdentity where the text holds none.
func NewAge(keyFile string) (*Age, error) {
	for line := range strings.Lines(keyFile) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		identity, err := age.ParseX25519Identity(line)
		if err != nil {
			// The parser's error may quote the key.
			return nil, fmt.Errorf("%w: the text is not an AGE-SECRET-KEY-1… line", ErrNoIdentity)
		}
		return &Age{identity}, nil
	}
	return nil, fmt.Errorf("%w: the text has no AGE-SECRET-KEY-1… line", ErrNoIdentity)
}

// OpenAge returns an escrow with the identity in a file. Where there is no file
// and create is set, it makes one, for its owner alone (0600). A file that
// others may read is refused. Losing it loses what is sealed, so callers say
// where it is.
func OpenAge(path string, create bool) (*Age, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		return createAge(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open identity %s: %w", path, ErrNoIdentity)
	}
	if err != nil {
		return nil, fmt.Errorf("open identity: %w", err)
	}
	if tooOpen(info) {
		return nil, fmt.Errorf("open identity %s: others may read it (mode %04o): chmod 600 it", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open identity: %w", err)
	}
	a, err := NewAge(string(b))
	if err != nil {
		return nil, fmt.Errorf("open identity %s: %w", path, err)
	}
	return a, nil
}

// createAge makes an identity. Of two processes that do so at once, one wins
// and the other takes the winner's.
func createAge(path string) (*Age, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("make identity: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make identity: %w", err)
	}
	text := "# Keytend's escrow. Without this file, sealed secrets and previous values can't be opened.\n# public key: " +
		identity.Recipient().String() + "\n" + identity.String() + "\n"
	temp, err := writeTemp(filepath.Dir(path), text)
	if err != nil {
		return nil, fmt.Errorf("make identity: %w", err)
	}
	defer func() { _ = os.Remove(temp) }()
	if err := os.Link(temp, path); errors.Is(err, fs.ErrExist) {
		return OpenAge(path, false)
	} else if err != nil {
		return nil, fmt.Errorf("make identity: %w", err)
	}
	return &Age{identity}, nil
}

// writeTemp writes a file of mode 0600 and syncs it.
func writeTemp(dir, text string) (string, error) {
	f, err := os.CreateTemp(dir, ".identity-*")
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// Recipient is the public half, which tells identities apart.
func (a *Age) Recipient() string { return a.identity.Recipient().String() }

// ByAge reports whether a sealed text was sealed for an age identity.
func ByAge(sealed string) bool { return strings.HasPrefix(sealed, schemeAge+"|") }

// Check seals and opens a test value.
func (a *Age) Check(ctx context.Context) error { return roundTrip(ctx, a) }

// Opens returns ErrWrongIdentity where the sealed text is for another identity.
func (a *Age) Opens(sealed string) error {
	recipient, _, err := parse(schemeAge, sealed)
	if err == nil && recipient != a.Recipient() {
		err = fmt.Errorf("%w: sealed for %s, this one is %s", ErrWrongIdentity, recipient, a.Recipient())
	}
	return err
}

// Seal returns a text safe to store, which only this identity opens, for this
// purpose.
func (a *Age) Seal(_ context.Context, purpose string, plain []byte) (string, error) {
	b, err := wrap(purpose, plain)
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", purpose, err)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, a.identity.Recipient())
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", purpose, err)
	}
	_, err = w.Write(b)
	if err := errors.Join(err, w.Close()); err != nil {
		return "", fmt.Errorf("seal %s: %w", purpose, err)
	}
	return text(schemeAge, a.Recipient(), out.Bytes()), nil
}

// Open returns what Seal was given. ErrWrongIdentity, ErrWrongPurpose, or an
// error where the text was altered.
func (a *Age) Open(_ context.Context, purpose, sealed string) ([]byte, error) {
	if err := a.Opens(sealed); err != nil {
		return nil, fmt.Errorf("open %s: %w", purpose, err)
	}
	_, body, err := parse(schemeAge, sealed)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", purpose, err)
	}
	r, err := age.Decrypt(bytes.NewReader(body), a.identity)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", purpose, err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", purpose, err)
	}
	plain, err := unwrap(purpose, b)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", purpose, err)
	}
	return plain, nil
}

// roundTrip proves that what is sealed now can be opened.
func roundTrip(ctx context.Context, e interface {
	Seal(context.Context, string, []byte) (string, error)
	Open(context.Context, string, string) ([]byte, error)
}) error {
	const purpose, value = "check", "keytend escrow check"
	sealed, err := e.Seal(ctx, purpose, []byte(value))
	if err != nil {
		return fmt.Errorf("check escrow: %w", err)
	}
	plain, err := e.Open(ctx, purpose, sealed)
	if err != nil {
		return fmt.Errorf("check escrow: %w", err)
	}
	if string(plain) != value {
		return errors.New("check escrow: what was opened is not what was sealed")
	}
	return nil
}
