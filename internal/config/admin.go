package config

import (
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
