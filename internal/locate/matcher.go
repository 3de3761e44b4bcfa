package locate

import (
	"bytes"
	"encoding/base64"
	"iter"

	"github.com/keytend/keytend/internal/accesskey"
)

// Matcher finds the IDs of users' access keys (AKIA…) in any text: as they are,
// escaped as JSON, URLs and programs escape, and in base64, line breaks within
// it included. It keeps nothing of the text.
//
// The zero Matcher finds what stands by itself. An ID that it knows is found
// wherever its twenty characters are.
type Matcher struct {
	Known map[accesskey.ID]Whose
}

const (
	mark     = "AKIA"
	idLength = 20 // of every ID that IAM makes
)

// encodedMarks are what base64 makes of the mark, by how many bytes stand before
// it in a group of three: those characters that nothing else has a part in, and
// how many of the group come before them.
var encodedMarks = []struct {
	text   string
	before int
}{{"QUtJQ", 0}, {"FLSU", 2}, {"BS0lB", 3}}

// IDs yields each ID, with the place where it begins, or where the base64 begins
// that it stands in. One ID may come several times.
func (m Matcher) IDs(text []byte) iter.Seq2[int, accesskey.ID] {
	return func(yield func(int, accesskey.ID) bool) {
		for at := range places(text, mark) {
			if id, ok := m.idAt(text, at); ok && !yield(at, id) {
				return
			}
		}
		for _, mark := range encodedMarks {
			for at := range places(text, mark.text) {
				start := back(text, at, mark.before)
				if id, ok := m.encoded(text, start); ok && !yield(start, id) {
					return
				}
			}
		}
	}
}

// places are where a word stands in a text.
func places(text []byte, word string) iter.Seq[int] {
	return func(yield func(int) bool) {
		for from := 0; ; {
			at := bytes.Index(text[from:], []byte(word))
			if at < 0 || !yield(from+at) {
				return
			}
			from += at + 1
		}
	}
}

// idAt is the ID that begins with the mark at a place.
func (m Matcher) idAt(text []byte, at int) (accesskey.ID, bool) {
	end := at + idLength
	if end > len(text) {
		return "", false
	}
	id, err := accesskey.ParseID(string(text[at:end]))
	if err != nil {
		return "", false
	}
	if _, known := m.Known[id]; known {
		return id, true
	}
	return id, (end == len(text) || !alphanumeric(text[end])) && begins(text[:at])
}

// begins reports whether a word may begin behind a text: it ends with no letter
// or digit, but that of an escape.
func begins(before []byte) bool {
	n := len(before)
	if n == 0 || !alphanumeric(before[n-1]) {
		return true
	}
	for _, escape := range []struct {
		lead   string
		digits int
	}{{"%", 2}, {`\x`, 2}, {`\u`, 4}} {
		from := n - escape.digits
		if from >= 0 && bytes.HasSuffix(before[:from], []byte(escape.lead)) && hexadecimal(before[from:]) {
			return true
		}
	}
	return n >= 2 && before[n-2] == '\\' && before[n-1] >= 'a' // \n, \t
}

func hexadecimal(text []byte) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
}

// back goes n characters of base64 back, over line breaks; -1: there are not as
// many.
func back(text []byte, at, n int) int {
	for n > 0 {
		at--
		switch {
		case at < 0:
			return -1
		case text[at] == '\n' || text[at] == '\r':
			continue
		}
		if _, ok := sextet(text[at]); !ok {
			return -1
		}
		n--
	}
	return at
}

// sextet is a character of base64 in its standard form; false: it is none.
func sextet(c byte) (byte, bool) {
	switch c {
	case '-':
		return '+', true
	case '_':
		return '/', true
	}
	return c, alphanumeric(c) || c == '+' || c == '/'
}

// groups is how much base64 holds an ID, what may stand before it in its first
// group, and what follows.
const groups = 4 * 8

// encoded is the ID in the base64 that begins at a place.
func (m Matcher) encoded(text []byte, start int) (accesskey.ID, bool) {
	if start < 0 {
		return "", false
	}
	var characters [groups]byte
	n := 0
	for _, c := range text[start:] {
		standard, ok := sextet(c)
		if ok {
			characters[n] = standard
			n++
		}
		if n == groups || !ok && c != '\n' && c != '\r' {
			break
		}
	}
	var decoded [groups]byte
	size, _ := base64.RawStdEncoding.Decode(decoded[:], characters[:n]) // what could be decoded counts
	at := bytes.Index(decoded[:size], []byte(mark))
	if at < 0 {
		return "", false
	}
	return m.idAt(decoded[:size], at)
}
