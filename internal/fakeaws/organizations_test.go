package fakeaws

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

const fullAccess = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

var trailStart = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// oneUser is an account with one user, alice, who may do everything.
func oneUser(id string, change func(*AccountSpec)) AccountSpec {
	s := AccountSpec{
		ID: id, Name: "Account " + id, Email: "aws+" + id + "@example.com", Admin: "alice", Created: trailStart.AddDate(-1, 0, 0),
		Users: []UserSpec{{Name: "alice", Created: trailStart.AddDate(-1, 0, 0), InlinePolicies: map[string]string{"all": fullAccess},
			Keys: []KeySpec{{Created: trailStart.AddDate(0, -1, 0)}}}},
	}
	if change != nil {
		change(&s)
	}
	return s
}

func organizationWith(t *testing.T, change map[string]func(*AccountSpec)) *AWS {
	t.Helper()
	a := New(Config{Start: trailStart})
	a.AddAccount(oneUser("111111111111", func(s *AccountSpec) {
		s.Management, s.Name = true, "Management"
		if f := change["111111111111"]; f != nil {
			f(s)
		}
	}))
	for id, f := range change {
		if id != "111111111111" {
			a.AddLazyAccount(id, func() AccountSpec { return oneUser(id, f) })
		}
	}
	return a
}

func organizationsClient(a *AWS, account string) *organizations.Client {
	return organizations.NewFromConfig(configOf(a, account, "us-east-1"))
}

// codeOf is AWS's code of an error; empty for nil.
func codeOf(err error) string {
	if err == nil {
		return ""
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

func TestListAccounts(t *testing.T) {
	change := map[string]func(*AccountSpec){}
	for i := range 44 {
		change[fmt.Sprintf("2000000000%02d", i)] = nil
	}
	change["300000000000"] = func(s *AccountSpec) { s.State = "SUSPENDED"; s.OU = "Workloads/Production" }
	a := organizationWith(t, change)
	client := organizationsClient(a, "111111111111")

	pages, accounts := 0, []types.Account{}
	for p := organizations.NewListAccountsPaginator(client, &organizations.ListAccountsInput{}); p.HasMorePages(); pages++ {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		accounts = append(accounts, page.Accounts...)
	}
	if len(accounts) != 46 || pages != 3 {
		t.Fatalf("%d accounts on %d pages", len(accounts), pages)
	}
	last := accounts[45]
	if *last.Id != "300000000000" || last.State != types.AccountStateSuspended || last.Status != "" || last.JoinedTimestamp == nil {
		t.Errorf("%+v", last)
	}
	if !regexp.MustCompile(`^o-[a-z0-9]{10,32}/r-[0-9a-z]{4,32}(/ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}){2}/300000000000/$`).MatchString(last.Paths[0]) {
		t.Errorf("path %q", last.Paths)
	}
	if !regexp.MustCompile(`^arn:aws:organizations::111111111111:account/o-[a-z0-9]{10}/300000000000$`).MatchString(*last.Arn) {
		t.Errorf("ARN %q", *last.Arn)
	}
}

func TestListAccountsSeedsOnlyThePage(t *testing.T) {
	seeded := 0
	change := map[string]func(*AccountSpec){}
	for i := range 60 {
		change[fmt.Sprintf("2000000000%02d", i)] = func(*AccountSpec) { seeded++ }
	}
	client := organizationsClient(organizationWith(t, change), "111111111111")
	if _, err := client.ListAccounts(t.Context(), &organizations.ListAccountsInput{}); err != nil {
		t.Fatal(err)
	}
	if seeded != 19 {
		t.Errorf("%d accounts seeded for a page of 20 with the management account", seeded)
	}
}

func TestOrganizationTree(t *testing.T) {
	a := organizationWith(t, map[string]func(*AccountSpec){
		"200000000001": func(s *AccountSpec) { s.OU = "Workloads/Production" },
		"200000000002": func(s *AccountSpec) { s.OU = "Workloads/Test" },
		"200000000003": func(s *AccountSpec) { s.OU = "Security" },
	})
	client, ctx := organizationsClient(a, "111111111111"), t.Context()
	roots, err := client.ListRoots(ctx, &organizations.ListRootsInput{})
	if err != nil {
		t.Fatal(err)
	}
	var walk func(parent, path string) []string
	walk = func(parent, path string) []string {
		var found []string
		accounts, err := client.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: &parent})
		if err != nil {
			t.Fatal(err)
		}
		for _, account := range accounts.Accounts {
			found = append(found, path+*account.Id)
			parents, err := client.ListParents(ctx, &organizations.ListParentsInput{ChildId: account.Id})
			if err != nil || len(parents.Parents) != 1 || *parents.Parents[0].Id != parent {
				t.Errorf("parents of %s: %v %v", *account.Id, parents, err)
			}
		}
		units, err := client.ListOrganizationalUnitsForParent(ctx, &organizations.ListOrganizationalUnitsForParentInput{ParentId: &parent})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range units.OrganizationalUnits {
			found = append(found, walk(*u.Id, path+*u.Name+"/")...)
		}
		return found
	}
	got := walk(*roots.Roots[0].Id, "")
	slices.Sort(got)
	want := []string{"111111111111", "Security/200000000003", "Workloads/Production/200000000001", "Workloads/Test/200000000002"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhoMayAskOrganizations(t *testing.T) {
	a := organizationWith(t, map[string]func(*AccountSpec){
		"200000000001": nil,
		"200000000002": func(s *AccountSpec) { s.DelegatedFor = []string{"account.amazonaws.com"} },
		"200000000003": func(s *AccountSpec) { s.Users[0].InlinePolicies = nil },
		"200000000004": func(s *AccountSpec) { s.Partition = "aws-cn" },
	})
	alone := New(Config{Start: trailStart})
	alone.AddAccount(oneUser("111111111111", nil))
	for _, tt := range []struct {
		name           string
		aws            *AWS
		account        string
		list, describe string
	}{
		{"management account", a, "111111111111", "", ""},
		{"member", a, "200000000001", "AccessDeniedException", ""},
		{"delegated administrator", a, "200000000002", "", ""},
		{"user without permission", a, "200000000003", "AccessDeniedException", "AccessDeniedException"},
		{"another partition", a, "200000000004", "AWSOrganizationsNotInUseException", "AWSOrganizationsNotInUseException"},
		{"no organization", alone, "111111111111", "AWSOrganizationsNotInUseException", "AWSOrganizationsNotInUseException"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := organizationsClient(tt.aws, tt.account)
			if _, err := client.ListAccounts(t.Context(), &organizations.ListAccountsInput{}); codeOf(err) != tt.list {
				t.Errorf("ListAccounts: %v, want %q", err, tt.list)
			}
			if _, err := client.DescribeOrganization(t.Context(), &organizations.DescribeOrganizationInput{}); codeOf(err) != tt.describe {
				t.Errorf("DescribeOrganization: %v, want %q", err, tt.describe)
			}
		})
	}
}

// TestPrincipalKeys asks with conditions on who asks.
func TestPrincipalKeys(t *testing.T) {
	a := organizationWith(t, map[string]func(*AccountSpec){"200000000001": func(s *AccountSpec) { s.OU = "Workloads/Production" }})
	organization, err := organizationsClient(a, "111111111111").DescribeOrganization(t.Context(), &organizations.DescribeOrganizationInput{})
	if err != nil {
		t.Fatal(err)
	}
	for condition, want := range map[string]string{
		`"StringEquals":{"aws:PrincipalType":"User"}`:                                                               "",
		`"StringEquals":{"aws:PrincipalType":"IAMUser"}`:                                                            "AccessDenied",
		`"StringEquals":{"aws:PrincipalOrgID":"` + *organization.Organization.Id + `"}`:                             "",
		`"StringEquals":{"aws:PrincipalOrgID":"o-example"}`:                                                         "AccessDenied",
		`"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"` + *organization.Organization.Id + `/r-*/ou-*/ou-*/"}`: "",
	} {
		a.AddAccount(oneUser("200000000001", func(s *AccountSpec) {
			s.OU = "Workloads/Production"
			s.Users[0].InlinePolicies = map[string]string{"p": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{` + condition + `}}]}`}
		}))
		_, err := iam.NewFromConfig(configOf(a, "200000000001", "us-east-1")).ListUsers(t.Context(), &iam.ListUsersInput{})
		if codeOf(err) != want {
			t.Errorf("%s: %v", condition, err)
		}
	}
}

func TestOrganizationsErrors(t *testing.T) {
	client, ctx := organizationsClient(organizationWith(t, nil), "111111111111"), t.Context()
	text := func(s string) *string { return &s }
	number := func(n int32) *int32 { return &n }
	for name, call := range map[string]func() error{
		"AccountNotFoundException": func() error {
			_, err := client.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: text("999999999999")})
			return err
		},
		"InvalidInputException": func() error {
			_, err := client.ListAccounts(ctx, &organizations.ListAccountsInput{MaxResults: number(21)})
			return err
		},
		"ParentNotFoundException": func() error {
			_, err := client.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: text("ou-abcd-12345678")})
			return err
		},
		"ChildNotFoundException": func() error {
			_, err := client.ListParents(ctx, &organizations.ListParentsInput{ChildId: text("ou-abcd-12345678")})
			return err
		},
		"TargetNotFoundException": func() error {
			_, err := client.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: text("999999999999")})
			return err
		},
		"PolicyNotFoundException": func() error {
			_, err := client.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: text("p-00000000")})
			return err
		},
	} {
		if got := codeOf(call()); got != name {
			t.Errorf("got %s, want %s", got, name)
		}
	}
	_, err := client.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: text("12")})
	var invalid *types.InvalidInputException
	if !errors.As(err, &invalid) || invalid.Reason != types.InvalidInputExceptionReasonInvalidPattern {
		t.Errorf("bad account ID: %v", err)
	}
}

func TestControlPolicies(t *testing.T) {
	deny := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateAccessKey","Resource":"*"}]}`
	a := organizationWith(t, map[string]func(*AccountSpec){
		"200000000001": func(s *AccountSpec) { s.ServiceControlPolicies = []string{FullAWSAccess, deny} },
		"200000000002": nil,
	})
	client, ctx := organizationsClient(a, "111111111111"), t.Context()
	all, err := client.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: types.PolicyTypeServiceControlPolicy})
	if err != nil || len(all.Policies) != 2 {
		t.Fatalf("%+v %v", all, err)
	}
	contents := map[string][]string{}
	for _, id := range []string{"200000000001", "200000000002"} {
		attached, err := client.ListPoliciesForTarget(ctx, &organizations.ListPoliciesForTargetInput{TargetId: &id, Filter: types.PolicyTypeServiceControlPolicy})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range attached.Policies {
			described, err := client.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: p.Id})
			if err != nil {
				t.Fatal(err)
			}
			contents[id] = append(contents[id], *described.Policy.Content)
		}
	}
	want := map[string][]string{"200000000001": {FullAWSAccess, deny}, "200000000002": {FullAWSAccess}}
	for id := range want {
		slices.Sort(want[id])
		slices.Sort(contents[id])
	}
	if diff := cmp.Diff(want, contents); diff != "" {
		t.Error(diff)
	}
	none, err := client.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: types.PolicyTypeTagPolicy})
	if err != nil || len(none.Policies) != 0 {
		t.Errorf("tag policies: %v %v", none, err)
	}
}

func TestDelegatedAdministrators(t *testing.T) {
	a := organizationWith(t, map[string]func(*AccountSpec){
		"200000000001": func(s *AccountSpec) { s.DelegatedFor = []string{"account.amazonaws.com"} },
		"200000000002": func(s *AccountSpec) { s.DelegatedFor = []string{"iam.amazonaws.com"} },
	})
	service := "iam.amazonaws.com"
	got, err := organizationsClient(a, "111111111111").ListDelegatedAdministrators(t.Context(), &organizations.ListDelegatedAdministratorsInput{ServicePrincipal: &service})
	if err != nil || len(got.DelegatedAdministrators) != 1 || *got.DelegatedAdministrators[0].Id != "200000000002" {
		t.Errorf("%+v %v", got, err)
	}
	other := "200000000001" // whose ARN is the management account's
	if _, err := organizationsClient(a, "200000000002").DescribeAccount(t.Context(), &organizations.DescribeAccountInput{AccountId: &other}); err != nil {
		t.Errorf("a delegated administrator describes another account: %v", err)
	}
}

func TestOrganizationsMessages(t *testing.T) {
	a := organizationWith(t, map[string]func(*AccountSpec){"200000000003": func(s *AccountSpec) { s.Users[0].InlinePolicies = nil }})
	_, err := organizationsClient(a, "200000000003").ListAccounts(t.Context(), &organizations.ListAccountsInput{})
	want := "User: arn:aws:iam::200000000003:user/alice is not authorized to perform: organizations:ListAccounts on resource: * " +
		"because no identity-based policy allows the organizations:ListAccounts action"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v", err)
	}
}
