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
	if strings.TrimSpace(s.text) == "" {
		d.wrong(s.place, "want an expression, not an empty text")
		return
	}
	err := e.compile(s.text)
	var wrong *match.MistakesError
	if !errors.As(err, &wrong) {
		if err != nil {
			d.wrong(s.place, "%v", err)
		}
		return
	}
	for i, m := range wrong.Mistakes {
		if i > 0 && strings.HasPrefix(m.Message, "Syntax error") {
			break // what follows is of its making
		}
		d.wrong(d.within(s, m.Line, begins(m)), "expression: %s%s", plainly(m.Message), hintOn(m.Message, s.text))
	}
}

var undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)

// begins is the column of a mistake. CEL points at the last dot of a name that it
// doesn't know, and at the bracket behind a function's.
func begins(m match.Mistake) int {
	found := undeclared.FindStringSubmatch(m.Message)
	if found == nil {
		return m.Column
	}
	if at := strings.LastIndexByte(found[1], '.'); at > 0 {
		return max(m.Column-at, 1)
	}
	return m.Column
}

// plainly leaves out what CEL says for programmers.
func plainly(message string) string {
	if found := undeclared.FindStringSubmatch(message); found != nil {
		return fmt.Sprintf("unknown word %q", found[1])
	}
	if found := mismatched.FindStringSubmatch(message); found != nil {
		return fmt.Sprintf("%s %s %s makes no sense", found[2], found[1], found[3])
	}
	message, _, _ = strings.Cut(message, " (in container")
	return strings.Join(strings.Fields(message), " ")
}

var mismatched = regexp.MustCompile(`^found no matching overload for '_([^_a-z]+)_' applied to '\(([a-z_.()]+), ([a-z_.()]+)\)'`)

// commonMistakes are those that people make who know other languages.
var commonMistakes = []struct{ message, hint string }{
	{`token recognition error at: '= `, `; equality is written ==`},
	{`mismatched input '='`, `; equality is written ==`},
	{`input 'and'`, `; "and" is written &&`},
	{`input 'or'`, `; "or" is written ||`},
	{`input 'not'`, `; "not" is written !`},
	{`missing ')' at '<EOF>'`, `; between { and } a comma ends the text: put the expression in quotes`},
	{`'contains' applied to 'list`, `; a list is asked with "name" in user.groups`},
	{`duration`, `; a length of time is written days(90) or duration("36h")`},
	{`timestamp`, `; a moment is written timestamp("2027-03-31T00:00:00Z")`},
	{`(bool, string)`, `; it is true or false, without quotes`},
}

// hintOn names the word that was meant, or says how a common mistake is put
// right.
func hintOn(message, text string) string {
	if found := undeclared.FindStringSubmatch(message); found != nil {
		return hintOnWord(found[1], text)
	}
	for _, c := range commonMistakes {
		if strings.Contains(message, c.message) {
			return c.hint
		}
	}
	if strings.HasPrefix(text, "not ") || strings.Contains(text, " not ") {
		return `; "not" is written !`
	}
	return ""
}

func hintOnWord(word, text string) string {
	known, kind := match.Words(), "words"
	if strings.Contains(text, word+"(") {
		known, kind = match.Functions(), "functions"
	}
	if parts := below(word, known); len(parts) > 0 {
		return "; ask about one of " + strings.Join(parts, ", ")
	}
	if near := nearest.Names(word, known); len(near) > 0 {
		return "; did you mean " + near[0] + "?"
	}
	return "; the " + kind + " are " + strings.Join(known, ", ")
}

// below are the words that begin with a word and a dot.
func below(word string, known []string) []string {
	var out []string
	for _, k := range known {
		if strings.HasPrefix(k, word+".") {
			out = append(out, k)
		}
	}
	return out
}

// condition warns of tags that a user may not have.
func (v *validator) condition(c *Condition) {
	if c.compiled == nil {
		return
	}
	for _, tag := range c.compiled.UnguardedTags() {
		v.warn(c.place, `expression: a user without the tag %q can't be judged by it, and is left alone; write "%s" in user.tags && … before it`, tag, tag)
	}
}
