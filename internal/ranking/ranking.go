// Package ranking puts any number of findings into policy's order with bounded
// memory: what is too much is kept in a temporary file, sorted piece by piece,
// and merged when it is read. It decides no order and changes no finding but
// its rank.
package ranking

import (
	"bufio"
	"container/heap"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/keytend/keytend/internal/policy"
)

// Held is how many findings are held in memory before they are put into the
// file: at about 2 KiB each, some 16 MiB.
const Held = 8192

// Ranking is findings to be ranked. It is not for use by several goroutines.
type Ranking struct {
	most int
	held []policy.Finding
	file *os.File // nil: all are held
	ends []int64  // of the sorted pieces in the file
	n    int
}

// New returns an empty ranking that holds most findings in memory; 0: Held.
func New(most int) *Ranking {
	if most <= 0 {
		most = Held
	}
	return &Ranking{most: most}
}

// Len returns how many findings were added.
func (r *Ranking) Len() int { return r.n }

// Add takes findings of any account. The error is that of the temporary file.
func (r *Ranking) Add(found []policy.Finding) error {
	r.n += len(found)
	for len(found) > 0 {
		taken := min(len(found), r.most-len(r.held))
		r.held = append(r.held, found[:taken]...)
		found = found[taken:]
		if len(r.held) < r.most {
			continue
		}
		if err := r.spill(); err != nil {
			return fmt.Errorf("rank findings: %w", err)
		}
	}
	return nil
}

// spill writes what is held, sorted, to the end of the file.
func (r *Ranking) spill() error {
	if r.file == nil {
		file, err := os.CreateTemp("", "keytend-findings-*") // for its owner alone
		if err != nil {
			return err
		}
		r.file = file
	}
	slices.SortFunc(r.held, policy.Compare)
	out := bufio.NewWriterSize(r.file, 1<<16)
	encoder := gob.NewEncoder(out)
	for i := range r.held {
		if err := encoder.Encode(&r.held[i]); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	end, err := r.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	r.ends = append(r.ends, end)
	clear(r.held) // lets go of their texts
	r.held = r.held[:0]
	return nil
}

// All yields every finding in order, ranked from 1. It ends at the first error,
// which is that of the temporary file. Nothing may be added meanwhile.
func (r *Ranking) All() iter.Seq2[policy.Finding, error] {
	return func(yield func(policy.Finding, error) bool) {
		pieces, err := r.pieces()
		if err != nil {
			yield(policy.Finding{}, fmt.Errorf("rank findings: %w", err))
			return
		}
		heap.Init(&pieces)
		for rank := 1; len(pieces) > 0; rank++ {
			first := pieces[0]
			finding := first.top
			finding.Rank = rank
			if !yield(finding, nil) {
				return
			}
			switch err := first.advance(); {
			case errors.Is(err, io.EOF):
				heap.Pop(&pieces)
			case err != nil:
				yield(policy.Finding{}, fmt.Errorf("rank findings: %w", err))
				return
			default:
				heap.Fix(&pieces, 0)
			}
		}
	}
}

// pieces opens every sorted piece, each at its first finding.
func (r *Ranking) pieces() (merge, error) {
	slices.SortFunc(r.held, policy.Compare)
	all := []*piece{{held: r.held}}
	begin := int64(0)
	for _, end := range r.ends {
		section := bufio.NewReaderSize(io.NewSectionReader(r.file, begin, end-begin), 1<<15)
		all = append(all, &piece{decoder: gob.NewDecoder(section)})
		begin = end
	}
	var ready merge
	for _, p := range all {
		err := p.advance()
		switch {
		case err == nil:
			ready = append(ready, p)
		case !errors.Is(err, io.EOF):
			return nil, err
		}
	}
	return ready, nil
}

// Close removes the temporary file.
func (r *Ranking) Close() error {
	if r.file == nil {
		return nil
	}
	file := r.file
	r.file = nil
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// piece is a sorted run of findings, in memory or in the file.
type piece struct {
	top     policy.Finding
	held    []policy.Finding
	decoder *gob.Decoder
}

// advance sets top to the next finding; io.EOF: there is none.
func (p *piece) advance() error {
	if p.decoder != nil {
		p.top = policy.Finding{} // gob leaves alone what is zero
		return p.decoder.Decode(&p.top)
	}
	if len(p.held) == 0 {
		return io.EOF
	}
	p.top, p.held = p.held[0], p.held[1:]
	return nil
}

// merge is the pieces, the one with the first finding on top.
type merge []*piece

func (m merge) Len() int           { return len(m) }
func (m merge) Less(i, j int) bool { return policy.Compare(m[i].top, m[j].top) < 0 }
func (m merge) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }

// Push implements heap.Interface.
func (m *merge) Push(x any) { *m = append(*m, x.(*piece)) }

// Pop implements heap.Interface.
func (m *merge) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}
