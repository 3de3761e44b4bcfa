package config

import (
	"bytes"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxSize is far above any policy that people could read.
const maxSize = 1 << 20

// parse returns the document's root; nil where it is empty or no YAML.
func (d *decoder) parse(data []byte) ast.Node {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > maxSize:
		return d.fail(Place{d.file, 0, 0}, "the file has %d bytes, which is no policy", len(data))
	case !utf8.Valid(data):
		return d.fail(Place{d.file, 1 + bytes.Count(valid(data), []byte("\n")), 1}, "not UTF-8 text")
	}
	d.lines = bytes.Split(data, []byte("\n"))
	if d.unseen(); d.unreadable {
		return nil
	}
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return d.syntax(err)
	}
	var root ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.CommentType:
		case root != nil:
			return d.fail(d.placeOf(doc.Body), "a second document begins here (---); a policy is one")
		default:
			root = doc.Body
		}
	}
	return root
}

func valid(data []byte) []byte {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return data[:i]
		}
		i += n
	}
	return data
}

func (d *decoder) fail(at Place, format string, args ...any) ast.Node {
	d.unreadable = true
	d.wrong(at, format, args...)
	return nil
}

// unseen refuses characters that can't be seen, and that readers of YAML take
// for different things: tabs, control characters, other ends of lines.
func (d *decoder) unseen() {
	for number, line := range d.lines {
		remark := bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte("#"))
		column := 0
		for _, r := range string(bytes.TrimSuffix(line, []byte("\r"))) {
			column++
			at := Place{d.file, number + 1, column}
			switch {
			case r == '\t' && remark:
				continue
			case r == '\t':
				d.fail(at, "a tab; write spaces")
			case !unicode.IsPrint(r):
				d.fail(at, "a character that can't be seen (%U); remove it", r)
			default:
				continue
			}
			break // one a line
		}
	}
}

// syntax says where the text stops being YAML.
func (d *decoder) syntax(err error) ast.Node {
	var wrong yaml.Error
	if !errors.As(err, &wrong) || wrong.GetToken() == nil {
		return d.fail(Place{d.file, 0, 0}, "%v", err)
	}
	at := wrong.GetToken().Position
	return d.fail(Place{d.file, at.Line, max(at.Column, 1)}, "%s%s", wrong.GetMessage(), hintOnSyntax(wrong.GetMessage()))
}

func hintOnSyntax(message string) string {
	switch {
	case strings.Contains(message, "mapping value is not allowed"):
		return `; a text with ": " in it wants quotes ('…'), and each line its right indentation`
	case strings.Contains(message, "reserved character"), strings.Contains(message, "cannot start any token"):
		return "; a text that begins so wants quotes ('…')"
	}
	return ""
}
