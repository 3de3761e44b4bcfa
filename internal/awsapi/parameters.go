package awsapi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/keytend/keytend/internal/accesskey"
)

// Parameters is Systems Manager's Parameter Store in one region. A parameter is
// named by its full name.
type Parameters struct {
	session *Session
	client  *ssm.Client
	region  string
}

// Parameters returns Parameter Store in a region; empty: the session's.
func (s *Session) Parameters(region string) *Parameters {
	cfg := s.regional(region)
	return &Parameters{session: s, client: ssm.NewFromConfig(cfg), region: cfg.Region}
}

func (p *Parameters) api(name string, careful bool) func(*ssm.Options) {
	retryer := p.session.retrying(p.region, "ssm:"+name, careful)
	return func(o *ssm.Options) { o.Retryer = retryer }
}

// Value reads a parameter's latest version, its type (SecureString, String,
// StringList) and version number (ssm:GetParameter, and kms:Decrypt for a key of
// one's own).
func (p *Parameters) Value(ctx context.Context, name string) (text accesskey.Secret, kind string, version int64, err error) {
	out, err := p.client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name), WithDecryption: aws.Bool(true)}, p.api("GetParameter", false))
	if err != nil {
		return accesskey.Secret{}, "", 0, p.session.fail("ssm:GetParameter", err)
	}
	if out.Parameter == nil {
		return accesskey.Secret{}, "", 0, p.session.fail("ssm:GetParameter", errors.New("answer has no parameter"))
	}
	return accesskey.NewSecret(aws.ToString(out.Parameter.Value)), string(out.Parameter.Type), out.Parameter.Version, nil
}

// Create makes a SecureString under AWS's key for Parameter Store, where there
// is no parameter of that name yet (ssm:PutParameter without Overwrite). It is
// repeated only after a throttle.
func (p *Parameters) Create(ctx context.Context, name string, text accesskey.Secret) (version int64, err error) {
	return p.put(ctx, &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String(text.Reveal()), Type: types.ParameterTypeSecureString, Overwrite: aws.Bool(false),
	})
}

// Replace writes the next version, over whatever stands there, and returns its
// number (ssm:PutParameter with Overwrite, ssm:DescribeParameters before it).
// KMS key, tier, description, pattern and policies stay as they are:
// PutParameter would drop them. It is repeated only after a throttle.
func (p *Parameters) Replace(ctx context.Context, name string, text accesskey.Secret) (version int64, err error) {
	have, err := p.describe(ctx, name)
	if err != nil {
		return 0, err
	}
	return p.put(ctx, &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String(text.Reveal()), Overwrite: aws.Bool(true),
		Type: have.Type, KeyId: have.KeyId, Tier: have.Tier, Description: have.Description, AllowedPattern: have.AllowedPattern,
		DataType: have.DataType, Policies: policiesOf(have.Policies),
	})
}

// TryReplace finds out whether Replace or Create would be refused for want of a
// permission, and changes nothing: it sends PutParameter without Overwrite and
// with a pattern that no value fits, which AWS can only refuse.
func (p *Parameters) TryReplace(ctx context.Context, name string) error {
	if _, err := p.describe(ctx, name); err != nil && ClassOf(err) != NotFound {
		return err
	}
	_, err := p.put(ctx, &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String("keytend-check"), Type: types.ParameterTypeSecureString,
		AllowedPattern: aws.String("^$"), Overwrite: aws.Bool(false),
	})
	var refused *Error
	if errors.As(err, &refused) && (refused.Code == "ParameterAlreadyExists" || refused.Code == "ParameterPatternMismatchException") {
		return nil
	}
	return err
}

func (p *Parameters) put(ctx context.Context, in *ssm.PutParameterInput) (int64, error) {
	out, err := p.client.PutParameter(ctx, in, p.api("PutParameter", true))
	if err != nil {
		return 0, p.session.fail("ssm:PutParameter", err)
	}
	return out.Version, nil
}

// describe finds one parameter's metadata. AWS may answer empty pages before
// the one that has it.
func (p *Parameters) describe(ctx context.Context, name string) (types.ParameterMetadata, error) {
	const call = "ssm:DescribeParameters"
	pages := ssm.NewDescribeParametersPaginator(p.client, &ssm.DescribeParametersInput{
		ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("Name"), Option: aws.String("Equals"), Values: []string{name}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, p.api("DescribeParameters", false))
		if err != nil {
			return types.ParameterMetadata{}, p.session.fail(call, err)
		}
		for _, found := range page.Parameters {
			if aws.ToString(found.Name) == name {
				return found, nil
			}
		}
	}
	return types.ParameterMetadata{}, p.session.fail(call, &smithy.GenericAPIError{Code: "ParameterNotFound", Message: "parameter " + name + " not found"})
}

// policiesOf is what PutParameter takes to keep the policies there are.
func policiesOf(policies []types.ParameterInlinePolicy) *string {
	var texts []string
	for _, policy := range policies {
		if text := aws.ToString(policy.PolicyText); text != "" {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return aws.String("[" + strings.Join(texts, ",") + "]")
}

// String names the store without any credential.
func (p *Parameters) String() string { return fmt.Sprintf("Parameter Store in %s", p.region) }
