// Package ranking puts any number of findings, and of a plan's items, into
// policy's order with bounded memory: what is too much is kept in a temporary
// file, sorted piece by piece, and merged when it is read. It decides no order,
// and changes nothing but a finding's rank.
package ranking

import (
	"bufio"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
)

// Ranking is things to be put into an order. It is not for use by several
// goroutines.
type Ranking[T any] struct {
	kind  kind[T]
	most  int
	held  []T
	file  *os.File // nil: all are held
	named bool     // the file still has its name
	ends  []int64  // of the sorted pieces in the file
	n     int
}

// kind is what there is to know of things to be ranked.
type kind[T any] struct {
	name    string // many of them
	compare func(a, b T) int
	// write returns how to write one after the other, and read how to read them
	// back: io.EOF after the last.
	write func(*bufio.Writer) func(T) error
	read  func(*bufio.Reader) func() (T, error)
}

// Len returns how many were added.
func (r *Ranking[T]) Len() int { return r.n }

// Add takes one more. The error is that of the temporary file.
func (r *Ranking[T]) Add(thing T) error {
	r.n++
	if r.held = append(r.held, thing); len(r.held) < r.most {
		return nil
	}
	return r.failed(r.spill())
}

func (r *Ranking[T]) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("rank %s: %w", r.kind.name, err)
}

// spill writes what is held, sorted, to the end of the file.
func (r *Ranking[T]) spill() error {
	if err := r.open(); err != nil {
		return err
	}
	slices.SortFunc(r.held, r.kind.compare)
	out := bufio.NewWriterSize(r.file, 1<<16)
	write := r.kind.write(out)
	for _, thing := range r.held {
		if err := write(thing); err != nil {
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

// open makes the file, for its owner alone. It loses its name at once where that
// can be, so that it is gone with the process, however that ends; Windows lets
// go of no name in use.
func (r *Ranking[T]) open() (err error) {
	if r.file != nil {
		return nil
	}
	if r.file, err = os.CreateTemp("", "keytend-"+r.kind.name+"-*"); err != nil {
		return err
	}
	r.named = os.Remove(r.file.Name()) != nil
	return nil
}

// All yields everything in order. It ends at the first error, which is that of
// the temporary file. Nothing may be added meanwhile.
func (r *Ranking[T]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := r.merge(func(thing T) bool { return yield(thing, nil) })
		if err != nil {
			var none T
			yield(none, r.failed(err))
		}
	}
}

func (r *Ranking[T]) merge(yield func(T) bool) error {
	open, err := r.pieces()
	if err != nil {
		return err
	}
	left := r.n
	for ; left > 0 && len(open.ready) > 0; left-- {
		if !yield(open.ready[0].top) {
			return nil
		}
		if err := open.advance(); err != nil {
			return err
		}
	}
	if left > 0 || len(open.ready) > 0 {
		return errDamaged
	}
	return nil
}

var errDamaged = errors.New("the temporary file is not as it was written")

// pieces opens every sorted piece, each at its first.
func (r *Ranking[T]) pieces() (*pieces[T], error) {
	slices.SortFunc(r.held, r.kind.compare)
	all := []*piece[T]{{read: each(r.held)}}
	begin := int64(0)
	for _, end := range r.ends {
		section := bufio.NewReaderSize(io.NewSectionReader(r.file, begin, end-begin), 1<<15)
		all = append(all, &piece[T]{read: r.kind.read(section)})
		begin = end
	}
	open := &pieces[T]{compare: r.kind.compare}
	for _, p := range all {
		err := p.advance()
		switch {
		case err == nil:
			open.ready = append(open.ready, p)
		case !errors.Is(err, io.EOF):
			return nil, err
		}
	}
	heap.Init(open)
	return open, nil
}

// Close forgets everything and removes the temporary file.
func (r *Ranking[T]) Close() error {
	file := r.file
	r.held, r.file, r.ends, r.n = nil, nil, nil, 0
	if file == nil {
		return nil
	}
	err := file.Close()
	if r.named {
		err = errors.Join(err, os.Remove(file.Name()))
	}
	return err
}

// piece is a sorted run, in memory or in the file.
type piece[T any] struct {
	top  T
	read func() (T, error)
}

// each reads what is held one by one.
func each[T any](held []T) func() (T, error) {
	return func() (T, error) {
		if len(held) == 0 {
			var none T
			return none, io.EOF
		}
		first := held[0]
		held = held[1:]
		return first, nil
	}
}

// advance sets top to the next; io.EOF: there is none.
func (p *piece[T]) advance() (err error) {
	p.top, err = p.read()
	return err
}

// pieces are those not read to their end, the one with the first on top.
type pieces[T any] struct {
	ready   []*piece[T]
	compare func(a, b T) int
}

// advance goes on to what is first after the first.
func (m *pieces[T]) advance() error {
	err := m.ready[0].advance()
	switch {
	case errors.Is(err, io.EOF):
		heap.Pop(m)
	case err != nil:
		return err
	default:
		heap.Fix(m, 0)
	}
	return nil
}

func (m *pieces[T]) Len() int           { return len(m.ready) }
func (m *pieces[T]) Less(i, j int) bool { return m.compare(m.ready[i].top, m.ready[j].top) < 0 }
func (m *pieces[T]) Swap(i, j int)      { m.ready[i], m.ready[j] = m.ready[j], m.ready[i] }

// Push implements heap.Interface.
func (m *pieces[T]) Push(x any) { m.ready = append(m.ready, x.(*piece[T])) }

// Pop implements heap.Interface.
func (m *pieces[T]) Pop() any {
	last := m.ready[len(m.ready)-1]
	m.ready = m.ready[:len(m.ready)-1]
	return last
}
