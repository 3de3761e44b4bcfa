package awsapi

import (
	"context"
	"iter"

	"github.com/keytend/keytend/internal/accesskey"
)

// ListedParameter is what a list of parameters says of one.
type ListedParameter struct {
	Name, Type, Description string
}

// Encrypted reports whether its value can't be read without decrypting it.
func (p ListedParameter) Encrypted() bool { return p.Type == secureString }

// All yields the region's parameters, without their values
// (ssm:DescribeParameters). It ends at the first error.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
func (p *Parameters) All(ctx context.Context) iter.Seq2[ListedParameter, error] {
	return func(yield func(ListedParameter, error) bool) {
		in := map[string]any{"MaxResults": 50}
		for {
			var page struct {
				Parameters []ListedParameter
				NextToken  string
			}
			if err := p.session.wireJSON(ctx, p.call("DescribeParameters"), in, &page); err != nil {
				yield(ListedParameter{}, p.session.fail("ssm:DescribeParameters", err))
				return
			}
			for _, listed := range page.Parameters {
				if !yield(listed, nil) {
					return
				}
			}
			if page.NextToken == "" {
				return
			}
			in["NextToken"] = page.NextToken
		}
	}
}

// ParametersAtOnce is how many parameters Texts takes.
const ParametersAtOnce = 10

// Texts reads parameters that are not encrypted, ParametersAtOnce at most
// (ssm:GetParameters). Of those that are gone nothing is said.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
func (p *Parameters) Texts(ctx context.Context, names []string) (map[string]accesskey.Secret, error) {
	var out struct {
		Parameters []struct{ Name, Value string }
	}
	err := p.session.wireJSON(ctx, p.call("GetParameters"), map[string]any{"Names": names}, &out)
	texts := map[string]accesskey.Secret{}
	for _, one := range out.Parameters {
		texts[one.Name] = accesskey.NewSecret(one.Value)
	}
	return texts, p.session.fail("ssm:GetParameters", err)
}
