package match

import (
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// UnguardedTags are the tags that the expression reads without asking whether a
// user has them: of one that doesn't have them it says nothing.
func (c *compiled) UnguardedTags() []string { return c.unguarded }

// unguardedTags finds user.tags["x"] and user.tags.x without "x" in user.tags.
func unguardedTags(tree *cel.Ast) []string {
	var read, asked []string
	visit := ast.NewExprVisitor(func(e ast.Expr) {
		switch {
		case e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly():
			asked = append(asked, e.AsSelect().FieldName())
		case e.Kind() == ast.SelectKind && isTags(tree, e.AsSelect().Operand()):
			read = append(read, e.AsSelect().FieldName())
		case e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2:
		case e.AsCall().FunctionName() == operators.Index && isTags(tree, e.AsCall().Args()[0]):
			read = append(read, literal(e.AsCall().Args()[1]))
		case e.AsCall().FunctionName() == operators.In && isTags(tree, e.AsCall().Args()[1]):
			asked = append(asked, literal(e.AsCall().Args()[0]))
		}
	})
	ast.PreOrderVisit(tree.NativeRep().Expr(), visit)
	read = slices.DeleteFunc(read, func(tag string) bool { return tag == "" || slices.Contains(asked, tag) })
	slices.Sort(read)
	return slices.Compact(read)
}

func isTags(tree *cel.Ast, e ast.Expr) bool {
	found, known := tree.NativeRep().ReferenceMap()[e.ID()]
	return known && found.Name == "user.tags"
}

// literal is a text as written; empty where it is none.
func literal(e ast.Expr) string {
	if e.Kind() != ast.LiteralKind {
		return ""
	}
	text, _ := e.AsLiteral().(types.String)
	return string(text)
}
