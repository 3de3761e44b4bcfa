package config

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// decode reads a name or ARN, or {when: expression}.
func (a *Admin) decode(d *decoder, n ast.Node, path string) {
	if pairs, ok := pairsOf(n); ok {
		for _, pair := range pairs {
			if d.key(pair) != "when" {
				d.wrong(d.placeOf(pair.Key), "%s: unknown field %q; want a user's name or ARN, or {when: expression}", path, d.key(pair))
				continue
			}
			if adjacent(pair) {
				d.wrong(d.placeOf(pair.Key), "when: a space is missing after the colon")
				continue
			}
			if s, ok := d.text(pair.Value, true); ok && d.plainNode(pair.Value) {
				d.expression(s, &a.When)
			}
		}
		if len(pairs) == 0 {
			d.wrong(d.placeOf(n), "%s: want a user's name or ARN, or {when: expression}", path)
		}
		return
	}
	if s, ok := d.text(n, true); ok {
		a.Name = s.text
	}
}

func (a *Admin) text() string {
	if a.When.Text != "" {
		return a.When.Text
	}
	return a.Name
}

func (v *validator) admins() {
	seen := map[string]bool{}
	for i := range v.policy.Admins {
		a := &v.policy.Admins[i]
		v.condition(&a.When)
		if seen[strings.ToLower(a.text())] {
			v.warn(v.at(fmt.Sprintf("admins[%d]", i)), "admins: %s is listed twice", a.text())
		}
		seen[strings.ToLower(a.text())] = true
	}
}
