package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Place is where something stands in a file. Lines and columns count from 1, in
// characters.
type Place struct {
	File   string
	Line   int
	Column int
}

// String is "keytend.yaml:12:5", as editors and compilers write it.
func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// line is "keytend.yaml:12".
func (p Place) line() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// places are where the fields were written, by path: "rules.max_age".
type places map[string]Place

// Problem is one thing that is wrong, or looks wrong.
type Problem struct {
	Place
	Message string // what, and what to write
}

func (p Problem) String() string { return p.Place.String() + ": " + p.Message }

// Problems are all that is wrong with a policy, by place.
type Problems []Problem

func (p Problems) Error() string {
	var lines []string
	for _, problem := range p {
		lines = append(lines, problem.String())
	}
	return strings.Join(lines, "\n")
}

func sorted(problems []Problem) Problems {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(problems)
}
