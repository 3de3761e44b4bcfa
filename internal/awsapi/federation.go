package awsapi

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// OIDCProvider is an OpenID Connect provider of the account.
type OIDCProvider struct {
	ARN       string
	URL       string   // without https://
	ClientIDs []string // audiences; nil: they may not be read
}

// OIDCProviders lists the account's OpenID Connect providers, with their
// audiences where those may be read (iam:ListOpenIDConnectProviders,
// iam:GetOpenIDConnectProvider).
func (s *Session) OIDCProviders(ctx context.Context) ([]OIDCProvider, error) {
	out, err := s.iam.ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{}, s.iamAPI("ListOpenIDConnectProviders"))
	if err != nil {
		return nil, s.fail("iam:ListOpenIDConnectProviders", err)
	}
	var all []OIDCProvider
	for _, p := range out.OpenIDConnectProviderList {
		provider := OIDCProvider{ARN: aws.ToString(p.Arn)}
		_, provider.URL, _ = strings.Cut(provider.ARN, ":oidc-provider/")
		got, err := s.iam.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: p.Arn}, s.iamAPI("GetOpenIDConnectProvider"))
		if err != nil {
			return nil, s.fail("iam:GetOpenIDConnectProvider", err)
		}
		provider.ClientIDs = append([]string{}, got.ClientIDList...)
		all = append(all, provider)
	}
	return all, nil
}

// identityCenterPath is where IAM Identity Center keeps the roles of its
// permission sets in each account.
// https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
const identityCenterPath = "/aws-reserved/sso.amazonaws.com/"

// UsesIdentityCenter reports whether people may enter the account through IAM
// Identity Center: whether its roles are there (iam:ListRoles).
func (s *Session) UsesIdentityCenter(ctx context.Context) (bool, error) {
	in := &iam.ListRolesInput{PathPrefix: aws.String(identityCenterPath), MaxItems: aws.Int32(1)}
	out, err := s.iam.ListRoles(ctx, in, s.iamAPI("ListRoles"))
	if err != nil {
		return false, s.fail("iam:ListRoles", err)
	}
	return len(out.Roles) > 0 || out.IsTruncated, nil
}

// RoleUse is when a role was last used, and what tells whose it is.
type RoleUse struct {
	Exists  bool
	At      time.Time // UTC; zero: not in the 400 days that AWS remembers
	Region  string
	Created time.Time // UTC
	Tags    map[string]string
}

// RoleLastUsed reads when a role was last used, by any of its sessions; AWS says
// it some hours late at most (iam:GetRole).
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html
func (s *Session) RoleLastUsed(ctx context.Context, name string) (RoleUse, error) {
	out, err := s.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(name)}, s.iamAPI("GetRole"))
	err = s.fail("iam:GetRole", err)
	switch {
	case ClassOf(err) == NotFound:
		return RoleUse{}, nil
	case err != nil:
		return RoleUse{}, err
	}
	use := RoleUse{Exists: true, Created: aws.ToTime(out.Role.CreateDate).UTC(), Tags: map[string]string{}}
	for _, t := range out.Role.Tags {
		use.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	if last := out.Role.RoleLastUsed; last != nil && last.LastUsedDate != nil {
		use.At, use.Region = last.LastUsedDate.UTC(), aws.ToString(last.Region)
	}
	return use, nil
}
