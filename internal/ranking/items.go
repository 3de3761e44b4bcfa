package ranking

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/policy"
)

// ItemsHeld is how many items of a plan are held in memory before they are put
// into the file: at about 1 KiB each, some 32 MiB.
const ItemsHeld = 1 << 15

// Items is a shelf for any number of a plan's items.
func Items() policy.Shelf { return items(ItemsHeld) }

func items(most int) *Ranking[*policy.Shelved] {
	return &Ranking[*policy.Shelved]{most: most, kind: kind[*policy.Shelved]{
		name: "items", compare: policy.CompareShelved, write: itemWriter, read: itemReader,
	}}
}

// itemWriter writes each item as how long it is, and its fields. A plan may have
// a million: encoding/gob would take longer than the plan.
func itemWriter(w *bufio.Writer) func(*policy.Shelved) error {
	line, head := form{writing: true}, make([]byte, 0, binary.MaxVarintLen64)
	return func(k *policy.Shelved) error {
		line.text = line.text[:0]
		line.item(k)
		_, err := w.Write(binary.AppendUvarint(head, uint64(len(line.text))))
		if err == nil {
			_, err = w.Write(line.text)
		}
		return err
	}
}

// itemReader reads them back. An item's texts are parts of one piece of memory.
func itemReader(r *bufio.Reader) func() (*policy.Shelved, error) {
	var text []byte
	var line form
	return func() (*policy.Shelved, error) {
		size, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, err // io.EOF: between two items
		}
		if size > longestItem {
			return nil, errDamaged
		}
		text = slices.Grow(text[:0], int(size))[:size]
		switch _, err := io.ReadFull(r, text); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, errDamaged
		case err != nil:
			return nil, err
		}
		k := &policy.Shelved{}
		line.text, line.words = text, string(text)
		if line.item(k); line.damaged || len(line.text) > 0 {
			return nil, errDamaged
		}
		return k, nil
	}
}

// An item is shorter than that, and so are its lists: what else is read isn't what
// was written.
const (
	longestItem = 64 << 20
	longestList = 1 << 16
)

// form is an item's fields, one after the other: numbers as encoding/binary's
// varints, a moment as seconds and nanoseconds, a word after its length and one,
// or 0 where the last item had the same in its place. It writes them down or
// reads them, in the same order.
type form struct {
	writing bool
	text    []byte // written, or to be read
	words   string // to be read: the same as text
	damaged bool

	last [24]string // words of the items before, by their place: most are repeated
	at   int        // the next word's place
}

func (f *form) item(k *policy.Shelved) {
	i := &k.Item
	f.at = 0
	for _, word := range [...]*string{
		&i.Account, &i.User, &i.UserID, (*string)(&i.Key), &i.Owner, (*string)(&i.Work), (*string)(&i.Action), (*string)(&i.Reason),
		&i.Saw, &i.Todo, &i.Record, (*string)(&i.Phase), (*string)(&i.Next),
	} {
		f.word(word)
	}
	f.flags(&i.OwnerLeft, &i.Privileged, &i.Inactive, &i.Delete, &i.Late, &i.Planned, &i.Unapproved)
	for _, at := range [...]*time.Time{&i.Created, &i.At, &i.Due, &i.Limit} {
		f.moment(at)
	}
	i.Version = f.number(i.Version)
	i.Rank = int(f.number(int64(i.Rank)))
	k.Ruled = int(f.number(int64(k.Ruled)))
	f.evidence(&i.Evidence)
	f.list(&i.Destinations)
	f.list(&i.Used)
}

func (f *form) evidence(all *[]policy.Evidence) {
	if n := f.length(len(*all)); !f.writing && n > 0 {
		*all = make([]policy.Evidence, n)
	}
	for n := range *all {
		e := &(*all)[n]
		f.word(&e.Fact)
		f.word(&e.Value)
		f.word(&e.Source)
		f.moment(&e.ObservedAt)
	}
}

func (f *form) list(all *[]string) {
	if n := f.length(len(*all)); !f.writing && n > 0 {
		*all = make([]string, n)
	}
	for n := range *all {
		f.word(&(*all)[n])
	}
}

// number returns the number that is written or read.
func (f *form) number(n int64) int64 {
	if f.writing {
		f.text = binary.AppendVarint(f.text, n)
		return n
	}
	n, size := binary.Varint(f.text)
	if size <= 0 {
		f.damaged = true
		return 0
	}
	f.skip(size)
	return n
}

func (f *form) skip(n int) { f.text, f.words = f.text[n:], f.words[n:] }

// length is how many there are of something.
func (f *form) length(n int) int {
	as := f.number(int64(n))
	if as < 0 || as > longestList {
		f.damaged = true
		return 0
	}
	return int(as)
}

func (f *form) word(s *string) {
	last := &f.last[f.at%len(f.last)]
	f.at++
	if f.writing {
		if *s == *last {
			f.text = append(f.text, 0)
			return
		}
		f.text = append(binary.AppendVarint(f.text, int64(len(*s))+1), *s...)
		*last = *s
		return
	}
	switch size := f.number(0) - 1; {
	case size < 0:
		*s = *last
	case size > int64(len(f.words)):
		f.damaged = true
	default:
		*s, *last = f.words[:size], f.words[:size]
		f.skip(int(size))
	}
}

// flags are the bits of a number.
func (f *form) flags(all ...*bool) {
	bits := int64(0)
	for n, flag := range all {
		if *flag {
			bits |= 1 << n
		}
	}
	if bits = f.number(bits); f.writing {
		return
	}
	for n, flag := range all {
		*flag = bits&(1<<n) != 0
	}
}

// moment is UTC, as all times of a plan are.
func (f *form) moment(at *time.Time) {
	seconds := f.number(at.Unix())
	rest := f.number(int64(at.Nanosecond()))
	if !f.writing {
		*at = time.Unix(seconds, rest).UTC()
	}
}
