package inventory

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxRecord bounds one record: AWS's longest legal user name and path make a
// report line of about 2 KiB, so that anything near this is not a report.
const maxRecord = 64 << 10

// csvField is one field of a record and where it began.
type csvField struct {
	text   string
	column int // 1-based byte position in its line
}

// csvRecords reads RFC 4180 records one at a time. It is strict where the
// credential report is: no blank lines, no stray quotes.
type csvRecords struct {
	in     *bufio.Reader
	line   int // line on which the record returned last began, from 1
	next   int
	fields []csvField // reused
	held   []byte     // a record that spans lines
}

func newCSVRecords(r io.Reader) *csvRecords {
	return &csvRecords{in: bufio.NewReaderSize(r, maxRecord), next: 1}
}

// read returns the next record's fields, valid until the next call, or io.EOF.
func (c *csvRecords) read() ([]csvField, error) {
	c.line = c.next
	raw, err := c.rawRecord()
	if err != nil {
		return nil, err
	}
	text := string(raw) // one allocation: every field is a part of it
	c.fields = c.fields[:0]
	if bytes.IndexByte(raw, '"') < 0 {
		c.splitPlain(text)
		return c.fields, nil
	}
	return c.fields, c.splitQuoted(text)
}

// rawRecord returns one record without its line end. A line with an odd number
// of quotes goes on in the next one.
func (c *csvRecords) rawRecord() ([]byte, error) {
	line, err := c.rawLine()
	if err != nil {
		return nil, err
	}
	if bytes.Count(line, []byte{'"'})%2 == 0 {
		return trimLineEnd(line), nil
	}
	c.held = append(c.held[:0], line...)
	for bytes.Count(c.held, []byte{'"'})%2 == 1 {
		line, err := c.rawLine()
		if errors.Is(err, io.EOF) {
			return nil, c.errorAt(1, "", "a quoted field is not closed")
		}
		if err != nil {
			return nil, err
		}
		if len(c.held)+len(line) > maxRecord {
			return nil, c.errorAt(1, "", fmt.Sprintf("record longer than %d bytes", maxRecord))
		}
		c.held = append(c.held, line...)
	}
	return trimLineEnd(c.held), nil
}

// rawLine returns one line with its end, if it has one.
func (c *csvRecords) rawLine() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	switch {
	case err == nil, errors.Is(err, io.EOF) && len(line) > 0:
		c.next++
		return line, nil
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, &ReportError{Line: c.next, Column: 1, Problem: fmt.Sprintf("line longer than %d bytes", maxRecord)}
	default:
		return nil, fmt.Errorf("read credential report line %d: %w", c.next, err)
	}
}

func trimLineEnd(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'})
}

func (c *csvRecords) splitPlain(text string) {
	start := 0
	for i := 0; i < len(text); i++ {
		if text[i] == ',' {
			c.fields = append(c.fields, csvField{text[start:i], start + 1})
			start = i + 1
		}
	}
	c.fields = append(c.fields, csvField{text[start:], start + 1})
}

func (c *csvRecords) splitQuoted(text string) error {
	for start := 0; ; {
		field, end, err := c.quotedField(text, start)
		if err != nil {
			return err
		}
		c.fields = append(c.fields, csvField{field, start + 1})
		if end == len(text) {
			return nil
		}
		start = end + 1
	}
}

// quotedField returns the field that begins at start and the position of the
// comma (or end) behind it.
func (c *csvRecords) quotedField(text string, start int) (string, int, error) {
	if start == len(text) || text[start] != '"' {
		end := start
		for end < len(text) && text[end] != ',' {
			if text[end] == '"' {
				return "", 0, c.errorAt(end+1, "", "a quote inside an unquoted field")
			}
			end++
		}
		return text[start:end], end, nil
	}
	var unquoted []byte
	for i := start + 1; i < len(text); i++ {
		switch {
		case text[i] != '"':
			unquoted = append(unquoted, text[i])
		case i+1 < len(text) && text[i+1] == '"':
			unquoted = append(unquoted, '"')
			i++
		case i+1 == len(text) || text[i+1] == ',':
			return string(unquoted), i + 1, nil
		default:
			return "", 0, c.errorAt(i+2, "", "text behind a closing quote")
		}
	}
	return "", 0, c.errorAt(start+1, "", "a quoted field is not closed")
}

func (c *csvRecords) errorAt(column int, name, problem string) error {
	return &ReportError{Line: c.line, Column: column, Name: name, Problem: problem}
}
