package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/keytend/keytend/internal/match"
	"github.com/keytend/keytend/internal/nearest"
)

// Condition is a CEL expression that says which keys are meant.
type Condition struct {
	Text     string
	compiled *match.Expression
	place    Place
}

func (c *Condition) compile(text string) (err error) {
	c.Text = text
	c.compiled, err = match.Compile(text)
	return err
}

func (c *Condition) at(p Place) { c.place = p }

// String is the expression.
func (c Condition) String() string { return c.Text }

// Formula is a CEL expression that makes a text.
type Formula struct {
	Text     string
	compiled *match.Text
	place    Place
}

func (f *Formula) compile(text string) (err error) {
	f.Text = text
	f.compiled, err = match.CompileText(text)
	return err
}

func (f *Formula) at(p Place) { f.place = p }

// String is the expression.
func (f Formula) String() string { return f.Text }

// expression is a scalar whose problems have places of their own.
type expression interface {
	compile(text string) error
	at(Place)
}

func (d *decoder) expression(s written, e expression) {
	e.at(s.place)
	err := e.compile(s.text)
	var wrong *match.MistakesError
	if !errors.As(err, &wrong) {
		if err != nil {
			d.wrong(s.place, "%v", err)
		}
		return
	}
	for _, m := range wrong.Mistakes {
		d.wrong(s.within(m.Line, begins(m)), "expression: %s%s", plainly(m.Message), hintOn(m.Message))
	}
}

var undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)

// begins is the column of a mistake. CEL points at the last dot of a name that it
// doesn't know.
func begins(m match.Mistake) int {
	if found := undeclared.FindStringSubmatch(m.Message); found != nil {
		return max(m.Column-max(strings.LastIndexByte(found[1], '.'), 0), 1)
	}
	return m.Column
}

// plainly leaves out what CEL says for programmers.
func plainly(message string) string {
	if found := undeclared.FindStringSubmatch(message); found != nil {
		return fmt.Sprintf("unknown word %q", found[1])
	}
	message, _, _ = strings.Cut(message, " (in container")
	return strings.Join(strings.Fields(message), " ")
}

// hintOn names the word that was meant, or says how a common mistake is put
// right.
func hintOn(message string) string {
	found := undeclared.FindStringSubmatch(message)
	switch {
	case found != nil:
		if near := nearest.Names(found[1], match.Words()); len(near) > 0 {
			return "; did you mean " + near[0] + "?"
		}
		return "; the words are " + strings.Join(match.Words(), ", ")
	case strings.Contains(message, "token recognition error at: '= '"), strings.Contains(message, "mismatched input '='"):
		return "; equality is written =="
	case strings.Contains(message, "duration, int"):
		return `; a length of time is written duration("2160h")`
	}
	return ""
}
