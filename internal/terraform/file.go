// Package terraform writes Terraform's language: blocks, values, references,
// and IAM policies as the AWS provider has them.
//
// It knows no feature of Keytend, reads no file, runs no Terraform and calls
// nothing. What it writes is formatted as `terraform fmt` formats it.
package terraform

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Expression is a part of Terraform's language that is written as it stands:
// "var.principal", "aws_iam_role.keytend.arn", "list(string)". Any other text is
// quoted, and no ${ in it is taken for a template.
type Expression string

// InModule is the path of a file that lies beside the .tf file.
func InModule(path string) Expression {
	quoted := string(hclwrite.TokensForValue(cty.StringVal(path)).Bytes())
	return Expression(`"${path.module}/` + strings.TrimPrefix(quoted, `"`))
}

// Index is the key of a resource's instance, as a state's JSON has it, in the form
// that an address has it: [0], ["eu"]; nil: "", there is one instance.
func Index(key any) string {
	switch key := key.(type) {
	case float64:
		return fmt.Sprintf("[%d]", int64(key))
	case string:
		return fmt.Sprintf("[%q]", key)
	}
	return ""
}

// File is one .tf file under way.
type File struct {
	Body
	file *hclwrite.File
}

// New is a file with nothing in it.
func New() *File {
	f := hclwrite.NewEmptyFile()
	return &File{Body: Body{body: f.Body()}, file: f}
}

// Text is the file, formatted, with a newline at its end.
func (f *File) Text() string {
	return strings.TrimRight(string(hclwrite.Format(f.file.Bytes())), "\n") + "\n"
}

// Comment writes lines for people, without what would steer a terminal.
func (f *File) Comment(text string) {
	f.separate()
	for line := range strings.Lines(text) {
		f.body.AppendUnstructuredTokens(hclwrite.Tokens{{Type: hclsyntax.TokenComment, Bytes: []byte("# " + strings.Map(plain, strings.TrimRight(line, "\n")) + "\n")}})
	}
	f.begun = false // what is commented follows at once
}

func plain(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}

// Variable is an input of a module.
type Variable struct {
	Name        string
	Description string
	Type        Expression // "string", "list(string)", "map(object({ … }))"
	Default     any        // nil: it must be given
}

// Variable declares an input.
func (f *File) Variable(v Variable) {
	b := f.Block("variable", v.Name)
	b.Set("description", v.Description)
	b.Set("type", v.Type)
	if v.Default != nil {
		b.Set("default", v.Default)
	}
}

// Output declares what a module tells whoever uses it.
func (f *File) Output(name, description string, value Expression) {
	b := f.Block("output", name)
	b.Set("description", description)
	b.Set("value", value)
}

// Body is a file, or the inside of a block.
type Body struct {
	body  *hclwrite.Body
	begun bool
	last  bool // a block was written last
}

// Block begins a block, such as Block("resource", "aws_iam_role", "keytend"),
// after an empty line.
func (b *Body) Block(kind string, labels ...string) *Body {
	b.separate()
	b.begun, b.last = true, true
	return &Body{body: b.body.AppendNewBlock(kind, labels).Body()}
}

func (b *Body) separate() {
	if b.begun {
		b.body.AppendNewline()
	}
}

// Set writes an argument. Its value is a string, bool, int, []string,
// map[string]string, []any, map[string]any or Expression; Set panics on
// anything else, which is a mistake in the program.
func (b *Body) Set(name string, value any) {
	if b.last {
		b.body.AppendNewline()
	}
	b.begun, b.last = true, false
	b.body.SetAttributeRaw(name, tokens(value))
}

func tokens(value any) hclwrite.Tokens {
	switch v := value.(type) {
	case Expression:
		return hclwrite.Tokens{{Type: hclsyntax.TokenIdent, Bytes: []byte(v)}}
	case string:
		return hclwrite.TokensForValue(cty.StringVal(v))
	case bool:
		return hclwrite.TokensForValue(cty.BoolVal(v))
	case int:
		return hclwrite.TokensForValue(cty.NumberIntVal(int64(v)))
	case []string:
		return list(v)
	case []any:
		return list(v)
	case map[string]string:
		return object(v)
	case map[string]any:
		return object(v)
	}
	panic(fmt.Sprintf("terraform: no value of type %T", value))
}

func list[T any](values []T) hclwrite.Tokens {
	var out []hclwrite.Tokens
	for _, v := range values {
		out = append(out, tokens(v))
	}
	return hclwrite.TokensForTuple(out)
}

// object quotes the names that are no identifiers: "prod/billing".
func object[V any](values map[string]V) hclwrite.Tokens {
	var out []hclwrite.ObjectAttrTokens
	for _, name := range sortedKeys(values) {
		key := tokens(name)
		if hclsyntax.ValidIdentifier(name) {
			key = hclwrite.TokensForIdentifier(name)
		}
		out = append(out, hclwrite.ObjectAttrTokens{Name: key, Value: tokens(values[name])})
	}
	return hclwrite.TokensForObject(out)
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
