package awsapi

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// pageSize is the most IAM gives at once.
const pageSize = 1000

// User is an IAM user as GetAccountAuthorizationDetails shows it or, without
// its policies and tags, ListUsers.
type User struct {
	Name    string
	ID      string
	ARN     string
	Path    string
	Created time.Time // UTC

	Tags                map[string]string
	Groups              []string // names
	ManagedPolicies     []string // ARNs
	InlinePolicies      []PolicyDocument
	PermissionsBoundary string // ARN; empty: none
}

// Group is an IAM group and what it grants.
type Group struct {
	Name            string
	ARN             string
	ManagedPolicies []string // ARNs
	InlinePolicies  []PolicyDocument
}

// PolicyDocument is a policy's name and JSON text, decoded.
type PolicyDocument struct {
	Name     string
	Document string
}

// ManagedPolicy is a managed policy in its default version.
type ManagedPolicy struct {
	ARN      string
	Name     string
	Document string // JSON; empty where AWS didn't show it
}

// AuthorizationPage is one page of GetAccountAuthorizationDetails.
type AuthorizationPage struct {
	At       time.Time // by AWS's clock, when the page was asked for; UTC
	Users    []User
	Groups   []Group
	Policies []ManagedPolicy
}

// AuthorizedUsers pages through all users with tags, groups and policies
// (iam:GetAccountAuthorizationDetails, 1,000 a page). It ends at the first
// error.
func (s *Session) AuthorizedUsers(ctx context.Context) iter.Seq2[AuthorizationPage, error] {
	return s.authorizationDetails(ctx, types.EntityTypeUser)
}

// GroupsAndPolicies pages through the groups, the customer managed policies
// and the AWS managed policies (iam:GetAccountAuthorizationDetails). It ends at
// the first error.
func (s *Session) GroupsAndPolicies(ctx context.Context) iter.Seq2[AuthorizationPage, error] {
	return s.authorizationDetails(ctx, types.EntityTypeGroup, types.EntityTypeLocalManagedPolicy, types.EntityTypeAWSManagedPolicy)
}

func (s *Session) authorizationDetails(ctx context.Context, kinds ...types.EntityType) iter.Seq2[AuthorizationPage, error] {
	return func(yield func(AuthorizationPage, error) bool) {
		in := &iam.GetAccountAuthorizationDetailsInput{Filter: kinds, MaxItems: aws.Int32(pageSize)}
		for {
			asked := time.Now()
			out, err := s.iam.GetAccountAuthorizationDetails(ctx, in, s.iamAPI("GetAccountAuthorizationDetails"))
			if err != nil {
				yield(AuthorizationPage{}, s.fail("iam:GetAccountAuthorizationDetails", err))
				return
			}
			if !yield(authorizationPage(s.At(asked), out), nil) {
				return
			}
			if in.Marker, err = nextPage(out.IsTruncated, out.Marker, in.Marker); err != nil {
				yield(AuthorizationPage{}, s.fail("iam:GetAccountAuthorizationDetails", err))
			}
			if in.Marker == nil {
				return
			}
		}
	}
}

// errCutOff is a list of which AWS says that there is more, but not where.
var errCutOff = errors.New("answer is truncated and doesn't say how to go on")

// nextPage returns the marker of the page that follows one, nil after the last.
// A truncated page must name a marker, and another than its own: the users
// behind it would be missing in silence, or be asked for for ever.
func nextPage(truncated bool, marker, own *string) (*string, error) {
	switch {
	case !truncated:
		return nil, nil
	case aws.ToString(marker) == "", aws.ToString(marker) == aws.ToString(own):
		return nil, errCutOff
	}
	return marker, nil
}

func authorizationPage(at time.Time, out *iam.GetAccountAuthorizationDetailsOutput) AuthorizationPage {
	page := AuthorizationPage{At: at, Users: make([]User, 0, len(out.UserDetailList))}
	for _, u := range out.UserDetailList {
		page.Users = append(page.Users, authorizedUser(u))
	}
	for _, g := range out.GroupDetailList {
		page.Groups = append(page.Groups, Group{
			Name: aws.ToString(g.GroupName), ARN: aws.ToString(g.Arn), ManagedPolicies: policyARNs(g.AttachedManagedPolicies), InlinePolicies: documents(g.GroupPolicyList),
		})
	}
	for _, p := range out.Policies {
		page.Policies = append(page.Policies, managedPolicy(p))
	}
	return page
}

func authorizedUser(u types.UserDetail) User {
	user := User{
		Name: aws.ToString(u.UserName), ID: aws.ToString(u.UserId), ARN: aws.ToString(u.Arn), Path: aws.ToString(u.Path),
		Created: aws.ToTime(u.CreateDate).UTC(), Tags: tags(u.Tags), Groups: u.GroupList,
		ManagedPolicies: policyARNs(u.AttachedManagedPolicies), InlinePolicies: documents(u.UserPolicyList),
	}
	if u.PermissionsBoundary != nil {
		user.PermissionsBoundary = aws.ToString(u.PermissionsBoundary.PermissionsBoundaryArn)
	}
	return user
}

func tags(list []types.Tag) map[string]string {
	values := make(map[string]string, len(list))
	for _, t := range list {
		values[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return values
}

func policyARNs(list []types.AttachedPolicy) []string {
	var arns []string
	for _, p := range list {
		arns = append(arns, aws.ToString(p.PolicyArn))
	}
	return arns
}

func documents(list []types.PolicyDetail) []PolicyDocument {
	var found []PolicyDocument
	for _, p := range list {
		found = append(found, PolicyDocument{Name: aws.ToString(p.PolicyName), Document: decodeDocument(p.PolicyDocument)})
	}
	return found
}

func managedPolicy(p types.ManagedPolicyDetail) ManagedPolicy {
	policy := ManagedPolicy{ARN: aws.ToString(p.Arn), Name: aws.ToString(p.PolicyName)}
	for _, v := range p.PolicyVersionList {
		if v.IsDefaultVersion {
			policy.Document = decodeDocument(v.Document)
		}
	}
	return policy
}

// decodeDocument undoes IAM's RFC 3986 encoding, in which + stands for itself.
// What isn't encoded is returned as it is.
func decodeDocument(encoded *string) string {
	document, err := url.PathUnescape(aws.ToString(encoded))
	if err != nil {
		return aws.ToString(encoded)
	}
	return document
}

// UserPage is one page of ListUsers.
type UserPage struct {
	At    time.Time // by AWS's clock, when the page was asked for; UTC
	Users []User    // without tags, groups and policies
}

// ListUsers pages through all users (iam:ListUsers, 1,000 a page). It ends at
// the first error.
func (s *Session) ListUsers(ctx context.Context) iter.Seq2[UserPage, error] {
	return func(yield func(UserPage, error) bool) {
		in := &iam.ListUsersInput{MaxItems: aws.Int32(pageSize)}
		for {
			asked := time.Now()
			out, err := s.iam.ListUsers(ctx, in, s.iamAPI("ListUsers"))
			if err != nil {
				yield(UserPage{}, s.fail("iam:ListUsers", err))
				return
			}
			page := UserPage{At: s.At(asked)}
			for _, u := range out.Users {
				page.Users = append(page.Users, listedUser(u))
			}
			if !yield(page, nil) {
				return
			}
			if in.Marker, err = nextPage(out.IsTruncated, out.Marker, in.Marker); err != nil {
				yield(UserPage{}, s.fail("iam:ListUsers", err))
			}
			if in.Marker == nil {
				return
			}
		}
	}
}

func listedUser(u types.User) User {
	return User{
		Name: aws.ToString(u.UserName), ID: aws.ToString(u.UserId), ARN: aws.ToString(u.Arn), Path: aws.ToString(u.Path),
		Created: aws.ToTime(u.CreateDate).UTC(),
	}
}
