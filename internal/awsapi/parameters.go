package awsapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/keytend/keytend/internal/accesskey"
)

// Parameters is Systems Manager's Parameter Store in one region. A parameter is
// named by its full name.
type Parameters struct {
	session *Session
	region  string
}

// Parameters returns Parameter Store in a region; empty: the session's.
func (s *Session) Parameters(region string) *Parameters {
	return &Parameters{s, s.regional(region).Region}
}

func (p *Parameters) call(operation string) wireCall {
	return wireCall{service: "SSM", host: "ssm", target: "AmazonSSM", action: operation, region: p.region}
}

// secureString is the type of parameters that are encrypted.
const secureString = "SecureString"

// Value reads a parameter's latest version, its type (SecureString, String,
// StringList) and version number (ssm:GetParameter, and kms:Decrypt for a key of
// one's own).
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
func (p *Parameters) Value(ctx context.Context, name string) (text accesskey.Secret, kind string, version int64, err error) {
	type wanted struct {
		Name           string
		WithDecryption bool
	}
	var out struct {
		Parameter *struct {
			Type, Value string
			Version     int64
		}
	}
	err = p.session.wireJSON(ctx, p.call("GetParameter"), wanted{name, true}, &out)
	if err == nil && out.Parameter == nil {
		err = errors.New("answer has no parameter")
	}
	if err != nil {
		return accesskey.Secret{}, "", 0, p.session.fail("ssm:GetParameter", err)
	}
	return accesskey.NewSecret(out.Parameter.Value), out.Parameter.Type, out.Parameter.Version, nil
}

// parameter is what PutParameter writes; what is empty is left out.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
type parameter struct {
	Name, Value    string
	Overwrite      bool
	Type           string `json:",omitempty"`
	KeyID          string `json:"KeyId,omitempty"`
	Tier           string `json:",omitempty"`
	Description    string `json:",omitempty"`
	AllowedPattern string `json:",omitempty"`
	DataType       string `json:",omitempty"`
	Policies       string `json:",omitempty"` // a JSON list
}

// Create makes a SecureString under AWS's key for Parameter Store, where there
// is no parameter of that name yet (ssm:PutParameter without Overwrite). It is
// repeated only after a throttle, and not signed from until on (AWS's time;
// zero: no bound).
func (p *Parameters) Create(ctx context.Context, name string, text accesskey.Secret, until time.Time) (version int64, err error) {
	return p.put(ctx, parameter{Name: name, Value: text.Reveal(), Type: secureString}, until)
}

// Replace writes the next version, over whatever stands there, and returns its
// number (ssm:PutParameter with Overwrite, ssm:DescribeParameters before it).
// KMS key, tier, description, pattern and policies stay as they are:
// PutParameter would drop them. It is repeated only after a throttle, and not
// signed from until on.
func (p *Parameters) Replace(ctx context.Context, name string, text accesskey.Secret, until time.Time) (version int64, err error) {
	have, err := p.describe(ctx, name)
	if err != nil {
		return 0, err
	}
	next := have.parameter
	next.Value, next.Overwrite, next.Policies = text.Reveal(), true, policiesOf(have.Policies)
	return p.put(ctx, next, until)
}

// TryReplace finds out whether Replace or Create would be refused for want of a
// permission, and changes nothing: it sends PutParameter without Overwrite and
// with a pattern that no value fits, which AWS can only refuse.
func (p *Parameters) TryReplace(ctx context.Context, name string) error {
	if _, err := p.describe(ctx, name); err != nil && ClassOf(err) != NotFound {
		return err
	}
	_, err := p.put(ctx, parameter{Name: name, Value: "keytend-check", Type: secureString, AllowedPattern: "^$"}, time.Time{})
	var refused *Error
	if errors.As(err, &refused) && (refused.Code == "ParameterAlreadyExists" || refused.Code == "ParameterPatternMismatchException") {
		return nil
	}
	return err
}

func (p *Parameters) put(ctx context.Context, in parameter, until time.Time) (int64, error) {
	call := p.call("PutParameter")
	call.careful, call.until = true, until
	var out struct{ Version int64 }
	err := p.session.wireJSON(ctx, call, in, &out)
	return out.Version, p.session.fail("ssm:PutParameter", err)
}

// described is a parameter's metadata, with its policies as they are listed.
type described struct {
	parameter
	Policies []struct{ PolicyText string }
}

// describe finds one parameter's metadata. AWS may answer empty pages before
// the one that has it.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
func (p *Parameters) describe(ctx context.Context, name string) (described, error) {
	type filter struct {
		Key, Option string
		Values      []string
	}
	in := struct {
		ParameterFilters []filter
		NextToken        string `json:",omitempty"`
	}{ParameterFilters: []filter{{"Name", "Equals", []string{name}}}}
	for {
		var page struct {
			Parameters []described
			NextToken  string
		}
		err := p.session.wireJSON(ctx, p.call("DescribeParameters"), in, &page)
		if err != nil {
			return described{}, p.session.fail("ssm:DescribeParameters", err)
		}
		for _, found := range page.Parameters {
			if found.Name == name {
				return found, nil
			}
		}
		if page.NextToken == "" || page.NextToken == in.NextToken {
			err := &smithy.GenericAPIError{Code: "ParameterNotFound", Message: "parameter " + name + " not found"}
			return described{}, p.session.fail("ssm:DescribeParameters", err)
		}
		in.NextToken = page.NextToken
	}
}

// policiesOf is what PutParameter takes to keep the policies there are.
func policiesOf(policies []struct{ PolicyText string }) string {
	var texts []string
	for _, policy := range policies {
		if policy.PolicyText != "" {
			texts = append(texts, policy.PolicyText)
		}
	}
	if len(texts) == 0 {
		return ""
	}
	return "[" + strings.Join(texts, ",") + "]"
}

// String names the store without any credential.
func (p *Parameters) String() string { return fmt.Sprintf("Parameter Store in %s", p.region) }
