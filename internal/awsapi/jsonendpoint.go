package awsapi

import (
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// endpoint is where the service is called: where AWS_ENDPOINT_URL_… or a profile
// says, else at the host of that name in the region.
func (j jsonService) endpoint(ctx context.Context) (*url.URL, error) {
	at, err := j.configured(ctx)
	if err != nil {
		return nil, err
	}
	if at == "" && j.config.BaseEndpoint != nil {
		at = *j.config.BaseEndpoint
	}
	if at == "" {
		return j.host(ctx)
	}
	u, err := url.Parse(at)
	if err == nil && u.Path == "" {
		u.Path = "/"
	}
	return u, err
}

// configured is the endpoint that is configured for this service alone.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (j jsonService) configured(ctx context.Context) (string, error) {
	for _, source := range j.config.ConfigSources {
		if s, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			if ignore, _, err := s.GetIgnoreConfiguredEndpoints(ctx); ignore || err != nil {
				return "", err
			}
		}
	}
	for _, source := range j.config.ConfigSources {
		s, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		})
		if !ok {
			continue
		}
		if at, found, err := s.GetServiceBaseEndpoint(ctx, j.id); found || err != nil {
			return at, err
		}
	}
	return "", nil
}

// host takes KMS's host in the region, whose rules are the plainest of all, for
// what the SDK keeps to itself: partitions, FIPS and dual-stack.
func (j jsonService) host(ctx context.Context) (*url.URL, error) {
	o := kms.NewFromConfig(j.config).Options()
	found, err := o.EndpointResolverV2.ResolveEndpoint(ctx, kms.EndpointParameters{
		Region:       aws.String(j.config.Region),
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	})
	if err != nil {
		return nil, err
	}
	u := found.URI
	u.Host, u.Path = j.name+strings.TrimPrefix(u.Host, "kms"), "/"
	if strings.HasPrefix(j.config.Region, "us-gov-") && strings.HasSuffix(u.Host, ".amazonaws.com") {
		u.Host = strings.Replace(u.Host, "-fips.", ".", 1) // in GovCloud the plain host is the FIPS one
	}
	return &u, nil
}
