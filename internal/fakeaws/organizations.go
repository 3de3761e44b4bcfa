package fakeaws

import (
	"fmt"
	"slices"
	"strings"
)

// organizationsService is AWS Organizations, read-only. Accounts belong to one
// organization if one of them is its management account; without one, no
// account is in any.
// https://docs.aws.amazon.com/organizations/latest/APIReference/
func organizationsService() service {
	return service{
		name:     "organizations",
		source:   "organizations.amazonaws.com",
		protocol: json11,
		global:   true,
		shared:   true,
		target:   "AWSOrganizationsV20161128",
		actions: map[string]action{
			"DescribeOrganization":             {do: describeOrganization, reads: true},
			"DescribeAccount":                  {do: administered(describeAccount), on: onEntity("AccountId"), reads: true},
			"ListAccounts":                     {do: administered(listAccounts), reads: true},
			"ListAccountsForParent":            {do: administered(listAccountsForParent), on: onEntity("ParentId"), reads: true},
			"ListRoots":                        {do: administered(listRoots), reads: true},
			"ListOrganizationalUnitsForParent": {do: administered(listOrganizationalUnits), on: onEntity("ParentId"), reads: true},
			"ListParents":                      {do: administered(listParents), on: onEntity("ChildId"), reads: true},
			"ListChildren":                     {do: administered(listChildren), on: onEntity("ParentId"), reads: true},
			"ListTagsForResource":              {do: administered(listEntityTags), on: onEntity("ResourceId"), reads: true},
			"ListPolicies":                     {do: administered(listControlPolicies), reads: true},
			"ListPoliciesForTarget":            {do: administered(listPoliciesForTarget), on: onEntity("TargetId"), reads: true},
			"DescribePolicy":                   {do: administered(describeControlPolicy), reads: true},
			"ListDelegatedAdministrators":      {do: administered(listDelegatedAdministrators), reads: true},
		},
	}
}

// organization is the organization as the calls of one request see it.
type organization struct {
	aws        *AWS
	management *account
	id, root   string
}

// organizationOf finds the organization that an account is in; nil: none. It
// seeds lazy accounts until the management account turns up.
func (a *AWS) organizationOf(acct *account) *organization {
	if a.manager == nil && len(a.lazy) > 0 {
		a.seedUntilManaged()
	}
	return a.knownOrganizationOf(acct)
}

func (a *AWS) seedUntilManaged() {
	for _, id := range a.accountIDs() {
		if a.accountByID(id); a.manager != nil {
			return
		}
	}
}

// knownOrganizationOf is organizationOf without seeding lazy accounts: where
// the management account is one of these, there is no organization yet.
func (a *AWS) knownOrganizationOf(acct *account) *organization {
	management := a.manager
	if management == nil || management.partition != acct.partition {
		return nil
	}
	return &organization{
		aws: a, management: management,
		id:   "o-" + lowerLetters(hash(management.id, "organization"), 10),
		root: "r-" + lowerLetters(hash(management.id, "root"), 4),
	}
}

// administered lets a call through that only the management account and
// delegated administrators may make.
func administered(do func(*request, *organization) (any, *apiError)) func(*request) (any, *apiError) {
	return func(r *request) (any, *apiError) {
		o := r.aws.organizationOf(r.account)
		if o == nil {
			return nil, errNoOrganization()
		}
		if r.account != o.management && len(r.account.spec.DelegatedFor) == 0 {
			return nil, &apiError{Status: 400, Code: "AccessDeniedException", Message: "You don't have permissions to access this resource."}
		}
		return do(r, o)
	}
}

func errNoOrganization() *apiError {
	return &apiError{Status: 400, Code: "AWSOrganizationsNotInUseException", Message: "Your account is not a member of an organization."}
}

// errNotThere says it as Organizations does: "You specified an account that
// doesn't exist."
func errNotThere(code, what string) *apiError {
	return &apiError{Status: 400, Code: code, Message: "You specified " + what + " that doesn't exist."}
}

func errBadMember(reason, message string) *apiError {
	return &apiError{Status: 400, Code: "InvalidInputException", Message: message, Reason: reason}
}

func errPattern() *apiError {
	return errBadMember("INVALID_PATTERN", "You provided a value that does not match the required pattern.")
}

// onEntity names the account, OU or root of a call, by the member that holds
// its ID.
func onEntity(member string) func(*request) target {
	return func(r *request) target {
		in, err := decode[map[string]any](r)
		id, _ := in[member].(string)
		o := r.aws.organizationOf(r.account)
		if err != nil || id == "" || o == nil {
			return target{arn: "*"}
		}
		return target{arn: o.entityARN(id)}
	}
}

func (o *organization) arn(kind, rest string) string {
	return fmt.Sprintf("arn:%s:organizations::%s:%s/%s%s", o.management.partition, o.management.id, kind, o.id, rest)
}

// entityARN is the ARN of an account, OU, root or policy by its ID.
func (o *organization) entityARN(id string) string {
	switch {
	case id == fullAccessID:
		return "arn:" + o.management.partition + ":organizations::aws:policy/service_control_policy/" + id
	case strings.HasPrefix(id, "ou-"):
		return o.arn("ou", "/"+id)
	case strings.HasPrefix(id, "r-"):
		return o.arn("root", "/"+id)
	case strings.HasPrefix(id, "p-"):
		return o.arn("policy", "/service_control_policy/"+id)
	}
	return o.arn("account", "/"+id)
}

type organizationShape struct {
	ID                   string `json:"Id"`
	ARN                  string `json:"Arn"`
	FeatureSet           string
	MasterAccountARN     string `json:"MasterAccountArn"`
	MasterAccountID      string `json:"MasterAccountId"`
	MasterAccountEmail   string
	AvailablePolicyTypes []policyTypeShape
}

type policyTypeShape struct{ Type, Status string }

// describeOrganization is the one call that every member account may make.
func describeOrganization(r *request) (any, *apiError) {
	o := r.aws.organizationOf(r.account)
	if o == nil {
		return nil, errNoOrganization()
	}
	return struct{ Organization organizationShape }{organizationShape{
		ID: o.id, ARN: o.arn("organization", ""), FeatureSet: "ALL",
		MasterAccountARN: o.entityARN(o.management.id), MasterAccountID: o.management.id,
		MasterAccountEmail:   o.management.email(),
		AvailablePolicyTypes: []policyTypeShape{{controlPolicyType, "ENABLED"}},
	}}, nil
}

// accounts lists the IDs of the organization's accounts. Lazy ones are taken
// to be of its partition: who pages through them finds out.
func (o *organization) accounts() []string {
	return slices.DeleteFunc(o.aws.accountIDs(), func(id string) bool {
		acct := o.aws.accounts[id]
		return acct != nil && acct.partition != o.management.partition
	})
}

// members seeds and returns the accounts.
func (o *organization) members() []*account {
	var members []*account
	for _, id := range o.accounts() {
		if acct := o.aws.accountByID(id); acct.partition == o.management.partition {
			members = append(members, acct)
		}
	}
	return members
}

func (o *organization) member(id string) *account {
	if acct := o.aws.accountByID(id); acct != nil && acct.partition == o.management.partition {
		return acct
	}
	return nil
}
