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
// CloudTrail writes it, records one after the other, or several such files put
// together. A record is good until the next one only. It looks for where records
// begin and end and at nothing else, so that what nobody asks for costs little. It
// reads to the end: what stands there is no record is an error, never silence.
func records(in io.Reader, each func(record []byte) error) error {
	r := &recordReader{in: in, buf: make([]byte, 0, recordBuffer)}
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
	where position
}

// position is where in a file the reader is.
type position int

const (
	outside position = iota // of any list of Records
	inside                  // one
	behind                  // one, before the end of its object
)

// lookahead is how much has to be there to tell what begins outside of a list.
const lookahead = 512

var errNoLog = errors.New("not a CloudTrail log file")

// next is the next record; nil: there is none.
func (r *recordReader) next() ([]byte, error) {
	for {
		rest, err := r.rest()
		switch {
		case err != nil || len(rest) == 0:
			return nil, err
		case r.where == behind || rest[0] != '{':
			if err := r.closing(rest[0]); err != nil {
				return nil, err
			}
			continue
		case r.where == outside && r.enters(rest):
			continue
		}
		if end := valueEnd(rest); end > 0 {
			return r.record(rest[:end])
		}
		if r.ended {
			return nil, errTorn
		}
		if err := r.more(); err != nil {
			return nil, err
		}
	}
}

// rest is what is still to be taken, from something that isn't space, and enough of
// it to tell what it is; none: the file is at its end.
func (r *recordReader) rest() ([]byte, error) {
	for {
		for r.at < len(r.buf) && (r.buf[r.at] <= ' ' || r.buf[r.at] == ',') {
			r.at++
		}
		rest := r.buf[r.at:]
		switch enough := len(rest) > 0 && (r.where != outside || len(rest) >= lookahead); {
		case !enough && !r.ended:
			if err := r.more(); err != nil {
				return nil, err
			}
			continue
		case len(rest) == 0 && r.where != outside:
			return nil, errTorn
		}
		return rest, nil
	}
}

// enters goes into a list of Records, if an object begins with one.
func (r *recordReader) enters(object []byte) bool {
	list, found := bytes.CutPrefix(bytes.TrimLeft(object[1:], " \t\r\n"), []byte(`"Records"`))
	if list = bytes.TrimLeft(list, " \t\r\n:"); !found || len(list) == 0 || list[0] != '[' {
		return false
	}
	r.at, r.where = len(r.buf)-len(list)+1, inside
	return true
}

// record takes a record. What stands outside of a list may be any object.
func (r *recordReader) record(object []byte) ([]byte, error) {
	if r.where == outside && !bytes.Contains(object, []byte(`"eventTime"`)) {
		return nil, errNoLog
	}
	r.at += len(object)
	return object, nil
}

// closing takes the end of a list of Records, and of the object that it is in.
func (r *recordReader) closing(c byte) error {
	switch {
	case r.where == inside && c == ']':
		r.where = behind
	case r.where == behind && c == '}':
		r.where = outside
	case r.where == outside:
		return errNoLog
	default:
		return fmt.Errorf("%w: %q where a record should be", errNoLog, c)
	}
	r.at++
	return nil
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
