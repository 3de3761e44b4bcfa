package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	recordBuffer = 1 << 20 // what is read at once
	maxRecord    = 8 << 20 // CloudTrail's own limit is 256 KiB an event
)

// errTorn says that a file ends in the middle of a record.
var errTorn = errors.New("the file ends in the middle of a record")

// records calls each for every record of a log file: {"Records":[{...},...]} as
// CloudTrail writes it, or records one after the other. A record is good until
// the next one only. It looks for where records begin and end and at nothing
// else, so that what nobody asks for costs little.
func records(in io.Reader, each func(record []byte) error) error {
	r := &recordReader{in: in, buf: make([]byte, 0, recordBuffer)}
	if err := r.enter(); err != nil {
		return err
	}
	for {
		record, err := r.next()
		if err != nil || record == nil {
			return err
		}
		if err := each(record); err != nil {
			return err
		}
	}
}

type recordReader struct {
	in    io.Reader
	buf   []byte // what was read
	at    int    // of it, taken
	ended bool
}

// enter goes to the first record.
func (r *recordReader) enter() error {
	for !r.ended && len(r.buf) < 512 {
		if err := r.more(); err != nil {
			return err
		}
	}
	head := bytes.TrimLeft(r.buf, " \t\r\n")
	if rest, found := bytes.CutPrefix(head, []byte("{")); found {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		if rest, found = bytes.CutPrefix(rest, []byte(`"Records"`)); found {
			open := bytes.IndexByte(rest, '[')
			if open < 0 {
				return errors.New("its Records are no list")
			}
			r.at = len(r.buf) - len(rest) + open + 1
		}
		return nil
	}
	if len(head) == 0 {
		return nil
	}
	return errors.New("not a CloudTrail log file")
}

// next is the next record; nil: there is none.
func (r *recordReader) next() ([]byte, error) {
	for {
		for r.at < len(r.buf) && (r.buf[r.at] <= ' ' || r.buf[r.at] == ',') {
			r.at++
		}
		if r.at < len(r.buf) {
			if r.buf[r.at] != '{' {
				return nil, r.closing()
			}
			if end := valueEnd(r.buf[r.at:]); end > 0 {
				record := r.buf[r.at : r.at+end]
				r.at += end
				return record, nil
			}
		}
		switch {
		case r.ended && r.at < len(r.buf):
			return nil, errTorn
		case r.ended:
			return nil, nil
		}
		if err := r.more(); err != nil {
			return nil, err
		}
	}
}

// closing wants the end of the list where no record is.
func (r *recordReader) closing() error {
	if r.buf[r.at] == ']' {
		return nil
	}
	return fmt.Errorf("not a CloudTrail log file: %q where a record should be", r.buf[r.at])
}

// more reads on, and drops what was taken.
func (r *recordReader) more() error {
	if r.at > 0 {
		n := copy(r.buf, r.buf[r.at:])
		r.buf, r.at = r.buf[:n], 0
	}
	if len(r.buf) == cap(r.buf) {
		if cap(r.buf) >= maxRecord {
			return fmt.Errorf("a record is larger than %d MiB", maxRecord>>20)
		}
		r.buf = append(make([]byte, 0, 2*cap(r.buf)), r.buf...)
	}
	n, err := r.in.Read(r.buf[len(r.buf):cap(r.buf)])
	r.buf = r.buf[:len(r.buf)+n]
	if errors.Is(err, io.EOF) {
		r.ended, err = true, nil
	}
	return err
}

// valueEnd is the length of the object, list or string that text begins with; 0:
// it isn't all there.
func valueEnd(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			end := stringEnd(text[i:])
			if end == 0 {
				return 0
			}
			if i += end - 1; depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth <= 0 {
				return i + 1
			}
		}
	}
	return 0
}

// stringEnd is the length of the string that text begins with, quotes and all;
// 0: it isn't all there.
func stringEnd(text []byte) int {
	for i := 1; ; {
		quote := bytes.IndexByte(text[i:], '"')
		if quote < 0 {
			return 0
		}
		i += quote + 1
		escapes := 0
		for text[i-2-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
}

// members calls each for the members of an object, their values as they are
// written, until each says that it has enough.
func members(object []byte, each func(name, value []byte) (enough bool)) {
	for i := 1; i < len(object); {
		start := bytes.IndexByte(object[i:], '"')
		if start < 0 {
			return
		}
		i += start
		end := stringEnd(object[i:])
		if end == 0 {
			return
		}
		name := object[i+1 : i+end-1]
		i += end
		for i < len(object) && (object[i] <= ' ' || object[i] == ':') {
			i++
		}
		length := memberEnd(object[i:])
		if length == 0 || each(name, object[i:i+length]) {
			return
		}
		i += length
	}
}

// memberEnd is the length of the value that text begins with.
func memberEnd(text []byte) int {
	if len(text) > 0 && (text[0] == '"' || text[0] == '{' || text[0] == '[') {
		return valueEnd(text)
	}
	return max(0, bytes.IndexAny(text, ",} \t\r\n")) // a number, true, false, null
}

// textOf is a member's value as text; empty where it is none.
func textOf(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1])
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		return ""
	}
	return text
}
