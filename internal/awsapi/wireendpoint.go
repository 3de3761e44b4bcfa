package awsapi

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// url is where the call goes.
func (u underway) url(ctx context.Context) (*url.URL, error) {
	base, err := u.endpoint(ctx)
	if err != nil {
		return nil, err
	}
	if u.path != "" {
		base = strings.TrimSuffix(base, "/") + "/" + strings.TrimPrefix(u.path, "/")
	}
	at, err := url.Parse(base)
	if err == nil && at.Path == "" {
		at.Path = "/"
	}
	return at, err
}

// endpoint is where the service is called: where AWS_ENDPOINT_URL_… or a profile
// says, else at the host of that name in the region.
func (u underway) endpoint(ctx context.Context) (string, error) {
	at, err := u.configured(ctx)
	if at != "" || err != nil {
		return at, err
	}
	if at := aws.ToString(u.config.BaseEndpoint); at != "" {
		return at, nil
	}
	return u.usual(ctx)
}

// configured is the endpoint that is configured for this service alone.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (u underway) configured(ctx context.Context) (string, error) {
	for _, source := range u.config.ConfigSources {
		if s, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			if ignore, _, err := s.GetIgnoreConfiguredEndpoints(ctx); ignore || err != nil {
				return "", err
			}
		}
	}
	for _, source := range u.config.ConfigSources {
		s, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		})
		if !ok {
			continue
		}
		if at, found, err := s.GetServiceBaseEndpoint(ctx, u.service); found || err != nil {
			return at, err
		}
	}
	return "", nil
}

// namedFIPS are those whose FIPS hosts in GovCloud are called so, too. For the
// others the plain host is the FIPS one.
// https://aws.amazon.com/compliance/fips/
var namedFIPS = []string{"account", "athena", "s3", "securityhub"}

// usual takes KMS's host in the region, whose rules are the plainest of all, for
// what the SDK keeps to itself: partitions, FIPS and dual-stack.
func (u underway) usual(ctx context.Context) (string, error) {
	o := kms.NewFromConfig(u.config).Options()
	dual, name := o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled, ""
	if u.host == "s3" && dual { // https://docs.aws.amazon.com/AmazonS3/latest/API/dual-stack-endpoints.html
		dual, name = false, ".dualstack"
	}
	found, err := o.EndpointResolverV2.ResolveEndpoint(ctx, kms.EndpointParameters{
		Region:       aws.String(u.config.Region),
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(dual),
	})
	if err != nil {
		return "", err
	}
	first, rest, _ := strings.Cut(found.URI.Host, ".")
	if strings.HasPrefix(u.config.Region, "us-gov-") && strings.HasSuffix(rest, ".amazonaws.com") && !slices.Contains(namedFIPS, u.host) {
		first = "kms"
	}
	return found.URI.Scheme + "://" + u.host + strings.TrimPrefix(first, "kms") + name + "." + rest, nil
}
