package iampolicy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// kind is what a JSON value is.
type kind int

const (
	text kind = iota
	number
	boolean
	null
	array
	object
)

func (k kind) String() string {
	return [...]string{"a string", "a number", "a boolean", "null", "an array", "an object"}[k]
}

// node is a JSON value that remembers the order of its members and where it
// stands. encoding/json's maps would forget both and let duplicates pass.
type node struct {
	kind       kind
	text       string // of strings, numbers and booleans, as the policy language reads them
	items      []node
	members    []member
	names      map[string]bool // of the members
	start, end int             // byte offsets
}

type member struct {
	name  string
	value node
}

// maxDepth is well above what a policy can need (statement, condition,
// operator, key, values) and keeps hostile input from exhausting the stack.
const maxDepth = 12

func readJSON(doc string) (node, error) {
	if !utf8.ValidString(doc) {
		return node{}, errors.New("not UTF-8")
	}
	r := jsonReader{dec: json.NewDecoder(strings.NewReader(doc))}
	r.dec.UseNumber()
	n, err := r.value(0)
	if err != nil {
		return node{}, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return node{}, errors.New("text after the policy's closing brace")
	}
	return n, nil
}

type jsonReader struct{ dec *json.Decoder }

func (r jsonReader) value(depth int) (node, error) {
	tok, err := r.dec.Token()
	if err != nil {
		return node{}, jsonError(err)
	}
	end := int(r.dec.InputOffset())
	switch t := tok.(type) {
	case json.Delim:
		if depth >= maxDepth {
			return node{}, errors.New("nested too deeply for a policy")
		}
		return r.compound(t, end-1, depth+1)
	case string:
		return node{kind: text, text: t, end: end}, nil
	case json.Number:
		return node{kind: number, text: t.String(), end: end}, nil
	case bool:
		return node{kind: boolean, text: fmt.Sprint(t), end: end}, nil
	default:
		return node{kind: null, end: end}, nil
	}
}

func (r jsonReader) compound(open json.Delim, start, depth int) (n node, err error) {
	n = node{kind: array, start: start}
	read := r.item
	if open == '{' {
		n.kind, n.names, read = object, map[string]bool{}, r.member
	}
	for r.dec.More() {
		if err := read(&n, depth); err != nil {
			return node{}, err
		}
	}
	if _, err := r.dec.Token(); err != nil {
		return node{}, jsonError(err)
	}
	n.end = int(r.dec.InputOffset())
	return n, nil
}

func (r jsonReader) item(n *node, depth int) error {
	v, err := r.value(depth)
	n.items = append(n.items, v)
	return err
}

func (r jsonReader) member(n *node, depth int) error {
	tok, err := r.dec.Token()
	if err != nil {
		return jsonError(err)
	}
	name, ok := tok.(string)
	if !ok {
		return errors.New("a member's name is not a string")
	}
	if n.names[name] {
		return fmt.Errorf("duplicate member %q", name)
	}
	n.names[name] = true
	v, err := r.value(depth)
	n.members = append(n.members, member{name, v})
	return err
}

func jsonError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON ends too early")
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("JSON at byte %d: %w", syntax.Offset, err)
	}
	return err
}

// lines holds where each line of a document begins.
type lines []int

func linesOf(doc string) lines {
	l := lines{0}
	for i := range len(doc) {
		if doc[i] == '\n' {
			l = append(l, i+1)
		}
	}
	return l
}

// at turns a byte offset into a line and column.
func (l lines) at(offset int) Position {
	line, exact := slices.BinarySearch(l, offset)
	if !exact {
		line--
	}
	return Position{Line: line + 1, Column: offset - l[line] + 1}
}
