package awsapi

import (
	"context"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// ActiveState is the only state of an account in which it can be used. The
// older Status was retired on 2026-09-09.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
const ActiveState = "ACTIVE"

// MemberAccount is an account of the organization, the management account
// included.
type MemberAccount struct {
	ID, Name   string
	State      string   // ACTIVE, SUSPENDED, PENDING_CLOSURE, CLOSED, PENDING_ACTIVATION; empty: not said
	Management string   // ID of the organization's management account
	Path       []string // IDs of the root and the OUs it is in, outermost first; empty: not said
}

// Organization is AWS Organizations as the session sees it, which must be of
// the management account or of a delegated administrator.
type Organization struct {
	session *Session
	client  *organizations.Client
}

// Organization returns the organization that the session's account is in. It
// makes no call.
func (s *Session) Organization() *Organization {
	return &Organization{session: s, client: organizations.NewFromConfig(s.config)}
}

func (o *Organization) api(name string) func(*organizations.Options) {
	retryer := o.session.retryers.of("organizations:" + name)
	return func(o *organizations.Options) { o.Retryer = retryer }
}

// Accounts lists every account of the organization, of whatever state, page by
// page as they are taken (organizations:ListAccounts, 20 a page). It ends at
// the first error.
func (o *Organization) Accounts(ctx context.Context) iter.Seq2[MemberAccount, error] {
	return func(yield func(MemberAccount, error) bool) {
		pages := organizations.NewListAccountsPaginator(o.client, &organizations.ListAccountsInput{}, noRepeat)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx, o.api("ListAccounts"))
			if err != nil {
				yield(MemberAccount{}, o.session.fail("organizations:ListAccounts", err))
				return
			}
			for _, account := range page.Accounts {
				if !yield(memberOf(account), nil) {
					return
				}
			}
		}
	}
}

func noRepeat(o *organizations.ListAccountsPaginatorOptions) { o.StopOnDuplicateToken = true }

// Account describes one account (organizations:DescribeAccount). One that is
// not in the organization is an error of class NotFound.
func (o *Organization) Account(ctx context.Context, id string) (MemberAccount, error) {
	out, err := o.client.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: aws.String(id)}, o.api("DescribeAccount"))
	if err != nil || out.Account == nil {
		return MemberAccount{}, o.session.fail("organizations:DescribeAccount", orCutOff(err))
	}
	return memberOf(*out.Account), nil
}

func orCutOff(err error) error {
	if err == nil {
		return errCutOff
	}
	return err
}

// memberOf reads an account. Its ARN is arn:PARTITION:organizations::MANAGEMENT:account/o-…/ID,
// its path o-…/r-…/ou-…/ID/.
func memberOf(account types.Account) MemberAccount {
	member := MemberAccount{ID: aws.ToString(account.Id), Name: aws.ToString(account.Name), State: string(account.State)}
	if parts := strings.SplitN(aws.ToString(account.Arn), ":", 6); len(parts) == 6 {
		member.Management = parts[4]
	}
	for _, path := range account.Paths {
		for _, id := range strings.Split(path, "/") {
			if strings.HasPrefix(id, "r-") || strings.HasPrefix(id, "ou-") {
				member.Path = append(member.Path, id)
			}
		}
	}
	return member
}

// Tags returns the tags of an account (organizations:ListTagsForResource).
func (o *Organization) Tags(ctx context.Context, account string) (map[string]string, error) {
	tags := map[string]string{}
	pages := organizations.NewListTagsForResourcePaginator(o.client, &organizations.ListTagsForResourceInput{ResourceId: aws.String(account)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, o.api("ListTagsForResource"))
		if err != nil {
			return nil, o.session.fail("organizations:ListTagsForResource", err)
		}
		for _, tag := range page.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	return tags, nil
}

// Root returns the ID of the organization's root (organizations:ListRoots).
func (o *Organization) Root(ctx context.Context) (string, error) {
	out, err := o.client.ListRoots(ctx, &organizations.ListRootsInput{}, o.api("ListRoots"))
	if err != nil || len(out.Roots) == 0 {
		return "", o.session.fail("organizations:ListRoots", orCutOff(err))
	}
	return aws.ToString(out.Roots[0].Id), nil
}

// Units returns the OUs right below a root or OU, name to ID
// (organizations:ListOrganizationalUnitsForParent).
func (o *Organization) Units(ctx context.Context, parent string) (map[string]string, error) {
	units := map[string]string{}
	pages := organizations.NewListOrganizationalUnitsForParentPaginator(o.client,
		&organizations.ListOrganizationalUnitsForParentInput{ParentId: aws.String(parent)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, o.api("ListOrganizationalUnitsForParent"))
		if err != nil {
			return nil, o.session.fail("organizations:ListOrganizationalUnitsForParent", err)
		}
		for _, unit := range page.OrganizationalUnits {
			units[aws.ToString(unit.Name)] = aws.ToString(unit.Id)
		}
	}
	return units, nil
}
