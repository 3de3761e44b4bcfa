package ranking

import (
	"bufio"
	"encoding/gob"
	"iter"

	"github.com/keytend/keytend/internal/policy"
)

// Held is how many findings are held in memory before they are put into the
// file: at about 2 KiB each, some 16 MiB.
const Held = 8192

// Findings are findings to be ranked. They are not for use by several
// goroutines.
type Findings struct{ all Ranking[policy.Finding] }

// New returns an empty ranking of findings that holds most in memory; 0: Held.
func New(most int) *Findings {
	if most <= 0 {
		most = Held
	}
	return &Findings{Ranking[policy.Finding]{most: most, kind: findings}}
}

// Len returns how many were added.
func (f *Findings) Len() int { return f.all.Len() }

// Add takes findings of any account. The error is that of the temporary file.
func (f *Findings) Add(found []policy.Finding) error {
	for i := range found {
		if err := f.all.Add(found[i]); err != nil {
			return err
		}
	}
	return nil
}

// All yields every finding in order, ranked from 1. It ends at the first error,
// which is that of the temporary file. Nothing may be added meanwhile.
func (f *Findings) All() iter.Seq2[policy.Finding, error] {
	return func(yield func(policy.Finding, error) bool) {
		rank := 0
		for finding, err := range f.all.All() {
			rank++
			finding.Rank = rank
			if !yield(finding, err) {
				return
			}
		}
	}
}

// Close removes the temporary file.
func (f *Findings) Close() error { return f.all.Close() }

var findings = kind[policy.Finding]{
	name:    "findings",
	compare: policy.Compare,
	write: func(w *bufio.Writer) func(policy.Finding) error {
		encoder := gob.NewEncoder(w)
		return func(f policy.Finding) error { return encoder.Encode(&f) }
	},
	read: func(r *bufio.Reader) func() (policy.Finding, error) {
		decoder := gob.NewDecoder(r)
		return func() (f policy.Finding, err error) {
			err = decoder.Decode(&f)
			return f, err
		}
	},
}
