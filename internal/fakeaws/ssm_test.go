package fakeaws

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func parametersOf(a *AWS) *ssm.Client {
	return ssm.NewFromConfig(configOf(a, storeAccount, "eu-west-1"))
}

func putParameterOf(t *testing.T, a *AWS, name, value string) {
	t.Helper()
	must[*ssm.PutParameterOutput](t)(parametersOf(a).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: types.ParameterTypeSecureString, Overwrite: aws.Bool(false),
	}))
}

func TestParameterVersions(t *testing.T) {
	a := withStores(t, granting(`"iam:Get*"`), nil)
	c := parametersOf(a)
	putParameterOf(t, a, "/prod/key", "one")
	put := func(in ssm.PutParameterInput) (int64, error) {
		in.Name = aws.String("/prod/key")
		out, err := c.PutParameter(t.Context(), &in)
		if err != nil {
			return 0, err
		}
		return out.Version, nil
	}
	_, err := put(ssm.PutParameterInput{Value: aws.String("two"), Type: types.ParameterTypeSecureString})
	refused(t, err, "ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	_, err = put(ssm.PutParameterInput{Value: aws.String("two"), Type: types.ParameterTypeString, Overwrite: aws.Bool(true)})
	refused(t, err, "HierarchyTypeMismatchException", "")
	_, err = put(ssm.PutParameterInput{Value: aws.String("two"), AllowedPattern: aws.String("^$"), Overwrite: aws.Bool(true)})
	refused(t, err, "ParameterPatternMismatchException", "")
	_, err = put(ssm.PutParameterInput{Value: aws.String(strings.Repeat("x", 4097)), Overwrite: aws.Bool(true)})
	refused(t, err, "ValidationException", "4096")
	if version := must[int64](t)(put(ssm.PutParameterInput{Value: aws.String("two"), Overwrite: aws.Bool(true), Description: aws.String("second")})); version != 2 {
		t.Errorf("version %d", version)
	}
	get := func(name string, open bool) *types.Parameter {
		t.Helper()
		return must[*ssm.GetParameterOutput](t)(c.GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name, WithDecryption: &open})).Parameter
	}
	if p := get("/prod/key", true); *p.Value != "two" || p.Version != 2 || *p.ARN != "arn:aws:ssm:eu-west-1:123456789012:parameter/prod/key" {
		t.Errorf("%+v", p)
	}
	if p := get("/prod/key:1", true); *p.Value != "one" || *p.Selector != ":1" {
		t.Errorf("%+v", p)
	}
	if p := get("arn:aws:ssm:eu-west-1:123456789012:parameter/prod/key", false); strings.Contains(*p.Value, "two") || *p.Name != "/prod/key" {
		t.Errorf("%+v", p)
	}
	must[*ssm.LabelParameterVersionOutput](t)(c.LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{Name: aws.String("/prod/key"), ParameterVersion: aws.Int64(1), Labels: []string{"good"}}))
	if p := get("/prod/key:good", true); *p.Value != "one" {
		t.Errorf("%+v", p)
	}
	_, err = c.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/none")})
	refused(t, err, "ParameterNotFound", "")
	_, err = c.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/prod/key:9")})
	refused(t, err, "ParameterVersionNotFound", "")
	history := must[*ssm.GetParameterHistoryOutput](t)(c.GetParameterHistory(t.Context(), &ssm.GetParameterHistoryInput{Name: aws.String("/prod/key"), WithDecryption: aws.Bool(true)})).Parameters
	if len(history) != 2 || *history[0].Value != "one" || *history[1].Description != "second" || *history[1].KeyId != "alias/aws/ssm" || history[0].Labels[0] != "good" {
		t.Errorf("%+v", history)
	}
}

func TestParameterNeedsItsKey(t *testing.T) {
	a := withStores(t, granting(`"ssm:*"`), nil)
	c, keys, bob := parametersOf(a), kms.NewFromConfig(configOf(a, storeAccount, "eu-west-1")), ssm.NewFromConfig(bobsConfig(a))
	key := must[*kms.CreateKeyOutput](t)(keys.CreateKey(t.Context(), &kms.CreateKeyInput{})).KeyMetadata
	in := &ssm.PutParameterInput{Name: aws.String("/prod/key"), Value: aws.String("one"), Type: types.ParameterTypeSecureString, KeyId: key.KeyId}
	_, err := bob.PutParameter(t.Context(), in)
	refused(t, err, "AccessDeniedException", "kms:Encrypt on resource: "+*key.Arn)
	must[*ssm.PutParameterOutput](t)(c.PutParameter(t.Context(), in))
	get := &ssm.GetParameterInput{Name: aws.String("/prod/key"), WithDecryption: aws.Bool(true)}
	_, err = bob.GetParameter(t.Context(), get)
	refused(t, err, "AccessDeniedException", "kms:Decrypt")
	must[*kms.DisableKeyOutput](t)(keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))
	_, err = c.GetParameter(t.Context(), get)
	refused(t, err, "InvalidKeyId", *key.Arn+" is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException")
	in.Overwrite = aws.Bool(true)
	_, err = c.PutParameter(t.Context(), in)
	refused(t, err, "InvalidKeyId", "is disabled")
	putParameterOf(t, a, "/prod/other", "x")
	p := must[*ssm.GetParameterOutput](t)(bob.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/prod/other"), WithDecryption: aws.Bool(true)}))
	if *p.Parameter.Value != "x" {
		t.Errorf("%+v", p)
	}
}

func TestDescribeParametersAndTags(t *testing.T) {
	a := withStores(t, granting(`"iam:Get*"`), func(s *AccountSpec) {
		s.Parameters = []ParameterSpec{{Region: "eu-west-1", Name: "/seeded", Type: "SecureString", Value: "v", Version: 4}}
	})
	c := parametersOf(a)
	for _, name := range []string{"/prod/a", "/prod/b", "/prod/deep/c", "/test/d"} {
		putParameterOf(t, a, name, "x")
	}
	names := 0
	for p := ssm.NewDescribeParametersPaginator(c, &ssm.DescribeParametersInput{MaxResults: aws.Int32(2)}); p.HasMorePages(); {
		names += len(must[*ssm.DescribeParametersOutput](t)(p.NextPage(t.Context())).Parameters)
	}
	if names != 5 {
		t.Errorf("%d parameters", names)
	}
	one := must[*ssm.DescribeParametersOutput](t)(c.DescribeParameters(t.Context(), &ssm.DescribeParametersInput{
		ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("Name"), Option: aws.String("Equals"), Values: []string{"/seeded"}}},
	})).Parameters
	if len(one) != 1 || one[0].Version != 4 || one[0].Tier != types.ParameterTierStandard || *one[0].KeyId != "alias/aws/ssm" {
		t.Errorf("%+v", one)
	}
	below := must[*ssm.GetParametersByPathOutput](t)(c.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/prod"), WithDecryption: aws.Bool(true)})).Parameters
	if len(below) != 2 || *below[0].Value != "x" {
		t.Errorf("%+v", below)
	}
	some := must[*ssm.GetParametersOutput](t)(c.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/seeded", "/none"}, WithDecryption: aws.Bool(true)}))
	if len(some.Parameters) != 1 || *some.Parameters[0].Value != "v" || len(some.InvalidParameters) != 1 {
		t.Errorf("%+v", some)
	}
	must[*ssm.AddTagsToResourceOutput](t)(c.AddTagsToResource(t.Context(), &ssm.AddTagsToResourceInput{
		ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: aws.String("/prod/a"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("billing")}},
	}))
	tags := must[*ssm.ListTagsForResourceOutput](t)(c.ListTagsForResource(t.Context(), &ssm.ListTagsForResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: aws.String("/prod/a")})).TagList
	if len(tags) != 1 || *tags[0].Value != "billing" {
		t.Errorf("%+v", tags)
	}
	must[*ssm.DeleteParameterOutput](t)(c.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/prod/a")}))
	_, err := c.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/prod/a")})
	refused(t, err, "ParameterNotFound", "")
	if spec := a.Snapshot(storeAccount).Parameters; len(spec) != 4 || spec[3].Version != 1 || spec[2].Value != "v" {
		t.Errorf("%+v", spec)
	}
}
