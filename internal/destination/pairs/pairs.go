// Package pairs makes a destination of a text file that holds one key ID and
// one secret among other things. What such a file looks like is a Format; all
// else (reading back, compare-and-set, restoring) is the same for all.
package pairs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/destination/textfile"
	"github.com/keytend/keytend/internal/rotation"
)

// Pair is what the file holds; zero: no key.
type Pair struct {
	ID     accesskey.ID
	Secret accesskey.Secret
}

// Format finds and replaces the pair in a text. Errors hold no secret.
type Format struct {
	Read func(text string) (Pair, error)
	// Write returns the text with want in place of what was there, and every
	// other byte as it was. A zero pair takes the key away.
	Write func(text string, want Pair) (string, error)
}

// File is a destination. Its methods are those of rotation.Destination and
// rotation.Restorer.
type File struct {
	Label  string // Destination.Name
	File   textfile.File
	Format Format
}

// Name implements rotation.Destination.
func (f File) Name() string { return f.Label }

// Check implements rotation.Destination.
func (f File) Check(context.Context) error {
	if _, err := f.pair(); err != nil {
		return err
	}
	if err := f.File.Check(); err != nil {
		return fmt.Errorf("check %s: %w", f.Label, err)
	}
	return nil
}

// Current implements rotation.Destination.
func (f File) Current(context.Context) (rotation.Held, error) {
	p, err := f.pair()
	if err != nil {
		return rotation.Held{}, err
	}
	return rotation.Held{Key: p.ID, Version: p.version(), Readable: true}, nil
}

func (f File) pair() (Pair, error) {
	text, err := f.File.Read()
	if err != nil {
		return Pair{}, fmt.Errorf("read %s: %w", f.Label, err)
	}
	p, err := f.Format.Read(text)
	if err != nil {
		return Pair{}, fmt.Errorf("read %s: %w", f.Label, err)
	}
	return p, nil
}

func (p Pair) version() rotation.Version {
	return textfile.VersionOf(string(p.ID), p.Secret.Reveal())
}

func (p Pair) same(q Pair) bool { return p.ID == q.ID && p.Secret.Reveal() == q.Secret.Reveal() }

// Deliver implements rotation.Destination.
func (f File) Deliver(ctx context.Context, expect rotation.Version, next rotation.Credential) (rotation.Version, error) {
	want := Pair{next.ID, next.Secret}
	if err := f.replace(ctx, expect, want); err != nil {
		return "", fmt.Errorf("deliver to %s: %w", f.Label, err)
	}
	return want.version(), nil
}

// replace is compare-and-set on the pair: the neighbours may change meanwhile.
func (f File) replace(ctx context.Context, expect rotation.Version, want Pair) error {
	return f.File.Replace(ctx, func(text string) (string, error) {
		now, err := f.Format.Read(text)
		switch {
		case err != nil:
			return "", err
		case now.same(want):
			return text, nil
		case now.version() != expect:
			return "", fmt.Errorf("key %s stands there, which was not expected: %w", orNone(now.ID), rotation.ErrChanged)
		}
		return f.Format.Write(text, want)
	})
}

func orNone(id accesskey.ID) string {
	if id == "" {
		return "(none)"
	}
	return string(id)
}

// previous is what is sealed for a restore.
type previous struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// Previous implements rotation.Restorer.
func (f File) Previous(context.Context) ([]byte, rotation.Version, error) {
	p, err := f.pair()
	if err != nil {
		return nil, "", err
	}
	b, err := json.Marshal(previous{string(p.ID), p.Secret.Reveal()})
	return b, p.version(), err
}

// Restore implements rotation.Restorer.
func (f File) Restore(ctx context.Context, expect rotation.Version, was []byte) (rotation.Version, error) {
	var p previous
	if json.Unmarshal(was, &p) != nil {
		// The decoder's error may quote what it read.
		return "", errors.Join(fmt.Errorf("restore %s: what was sealed is not a key", f.Label), rotation.ErrNotDone)
	}
	want := Pair{accesskey.ID(p.ID), accesskey.NewSecret(p.Secret)}
	if err := f.replace(ctx, expect, want); err != nil {
		return "", fmt.Errorf("restore %s: %w", f.Label, err)
	}
	return want.version(), nil
}
