package escrow

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

type escrow interface {
	Check(context.Context) error
	Seal(context.Context, string, []byte) (string, error)
	Open(context.Context, string, string) ([]byte, error)
}

// memoryKMS seals by remembering, and binds the context as KMS does.
type memoryKMS struct {
	kept map[string][]byte
	deny bool
}

func (m *memoryKMS) Encrypt(_ context.Context, key string, plain []byte, c map[string]string) ([]byte, error) {
	if m.deny {
		return nil, errors.New("AccessDeniedException")
	}
	if len(plain) > 4096 {
		return nil, errors.New("ValidationException: plaintext is longer than 4096 bytes")
	}
	name := fmt.Sprint(key, c, len(m.kept))
	m.kept[name] = bytes.Clone(plain)
	return []byte(name), nil
}

func (m *memoryKMS) Decrypt(_ context.Context, key string, sealed []byte, c map[string]string) ([]byte, error) {
	plain, ok := m.kept[string(sealed)]
	if !ok || !strings.HasPrefix(string(sealed), fmt.Sprint(key, c)) {
		return nil, errors.New("InvalidCiphertextException")
	}
	return plain, nil
}

func openAge(t *testing.T) *Age {
	t.Helper()
	a, err := OpenAge(filepath.Join(t.TempDir(), "keytend", "escrow.agekey"), true)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSealed(t *testing.T) {
	for name, e := range map[string]escrow{
		"age": openAge(t),
		"kms": NewKMS(&memoryKMS{kept: map[string][]byte{}}, "alias/keytend", rand.Reader),
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if err := e.Check(ctx); err != nil {
				t.Fatal(err)
			}
			for _, plain := range []string{"", secret, strings.Repeat(secret, 1000)} {
				sealed, err := e.Seal(ctx, "new secret", []byte(plain))
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(sealed, secret) {
					t.Error("the secret is to be read in what was sealed")
				}
				got, err := e.Open(ctx, "new secret", sealed)
				if err != nil || string(got) != plain {
					t.Errorf("opened %d bytes, %v; want %d", len(got), err, len(plain))
				}
				if _, err := e.Open(ctx, "previous value", sealed); err == nil {
					t.Error("opened for another purpose")
				}
				if again, _ := e.Seal(ctx, "new secret", []byte(plain)); again == sealed {
					t.Error("sealing twice gives the same text")
				}
				altered := sealed[:len(sealed)-6] + "AAAA" + sealed[len(sealed)-2:]
				if _, err := e.Open(ctx, "new secret", altered); err == nil || strings.Contains(err.Error(), secret) {
					t.Errorf("an altered text: %v", err)
				}
			}
			for _, bad := range []string{"", "age", "a|b|c", "age|x|!!", schemeKMS + "|k|" + "e30="} {
				if _, err := e.Open(ctx, "new secret", bad); err == nil {
					t.Errorf("opened %q", bad)
				}
			}
		})
	}
}

func TestWrongIdentity(t *testing.T) {
	mine, theirs := openAge(t), openAge(t)
	sealed, err := theirs.Seal(t.Context(), "new secret", []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Opens": mine.Opens(sealed),
		"Open":  second(mine.Open(t.Context(), "new secret", sealed)),
		"kms":   mine.Opens(text(schemeKMS, "alias/keytend", nil)),
	} {
		if !errors.Is(err, ErrWrongIdentity) {
			t.Errorf("%s: %v, want ErrWrongIdentity", name, err)
		}
	}
}

func second(_ []byte, err error) error { return err }

func TestIdentityFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "escrow.agekey")
	if _, err := OpenAge(path, false); !errors.Is(err, ErrNoIdentity) {
		t.Errorf("missing: %v, want ErrNoIdentity", err)
	}
	first, err := OpenAge(path, true)
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenAge(path, true)
	if err != nil || again.Recipient() != first.Recipient() {
		t.Errorf("opened again: another identity (%v)", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".identity-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAge(path, true); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("readable by others: %v", err)
	}
}

func TestIdentityMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "escrow.agekey")
	var group sync.WaitGroup
	recipients := make([]string, 8)
	for i := range recipients {
		group.Go(func() {
			a, err := OpenAge(path, true)
			if err != nil {
				t.Error(err)
				return
			}
			recipients[i] = a.Recipient()
		})
	}
	group.Wait()
	for _, r := range recipients {
		if r != recipients[0] {
			t.Fatalf("identities differ: %v", recipients)
		}
	}
}

func TestIdentityText(t *testing.T) {
	const bad = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ"
	for _, text := range []string{"", "# only a comment\n", "hello", bad} {
		_, err := NewAge(text)
		if !errors.Is(err, ErrNoIdentity) {
			t.Errorf("%q: %v, want ErrNoIdentity", text, err)
		}
		if err != nil && strings.Contains(err.Error(), bad) {
			t.Errorf("the error quotes the identity: %v", err)
		}
	}
	if a, err := NewAge("# mine\n\n" + openAge(t).identity.String() + "\r\n"); err != nil || a.Check(t.Context()) != nil {
		t.Errorf("a key file: %v", err)
	}
}

func TestKMSDenied(t *testing.T) {
	e := NewKMS(&memoryKMS{deny: true}, "alias/keytend", rand.Reader)
	if err := e.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "alias/keytend") {
		t.Errorf("Check: %v, want an error that names the key, before anything is made", err)
	}
	if err := NewKMS(&memoryKMS{kept: map[string][]byte{}}, "k", strings.NewReader("short")).Check(t.Context()); err == nil {
		t.Error("sealed without randomness")
	}
}
