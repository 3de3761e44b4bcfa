package fakeaws

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	controlPolicyType = "SERVICE_CONTROL_POLICY"
	fullAccessID      = "p-FullAWSAccess"
)

// policyTypes are Organizations' PolicyType; only SCPs are switched on here.
var policyTypes = []string{
	controlPolicyType, "RESOURCE_CONTROL_POLICY", "TAG_POLICY", "BACKUP_POLICY", "AISERVICES_OPT_OUT_POLICY", "CHATBOT_POLICY",
	"DECLARATIVE_POLICY_EC2", "SECURITYHUB_POLICY", "INSPECTOR_POLICY", "UPGRADE_ROLLOUT_POLICY", "BEDROCK_POLICY", "S3_POLICY",
	"NETWORK_SECURITY_DIRECTOR_POLICY",
}

type controlPolicyShape struct {
	ID          string `json:"Id"`
	ARN         string `json:"Arn"`
	Name        string
	Description string
	Type        string
	AWSManaged  bool `json:"AwsManaged"`
}

// controlPolicy writes the policy of a document. AccountSpec has documents
// alone, so a policy's ID and name come from its text.
func (o *organization) controlPolicy(document string) controlPolicyShape {
	if document == FullAWSAccess {
		return controlPolicyShape{
			ID: fullAccessID, ARN: o.entityARN(fullAccessID), Name: "FullAWSAccess", Description: "Allows access to every operation",
			Type: controlPolicyType, AWSManaged: true,
		}
	}
	word := lowerLetters(hash(o.id, "policy", document), 10)
	return controlPolicyShape{ID: "p-" + word, ARN: o.entityARN("p-" + word), Name: "scp-" + word[:4], Type: controlPolicyType}
}

// controlDocuments are the documents of the organization's SCPs by policy ID.
func (o *organization) controlDocuments() map[string]string {
	documents := map[string]string{fullAccessID: FullAWSAccess}
	for _, acct := range o.members() {
		for _, d := range acct.spec.ServiceControlPolicies {
			documents[o.controlPolicy(d).ID] = d
		}
	}
	return documents
}

// attached are the documents attached to an account, OU or root itself. Where
// nothing is said, AWS's default stands: FullAWSAccess.
func (o *organization) attached(id string) ([]string, *apiError) {
	if accountPattern.MatchString(id) {
		acct := o.member(id)
		if acct == nil {
			return nil, errNotThere("TargetNotFoundException", "a target")
		}
		if len(acct.spec.ServiceControlPolicies) > 0 {
			return acct.spec.ServiceControlPolicies, nil
		}
		return []string{FullAWSAccess}, nil
	}
	if _, err := o.path(id); err != nil {
		if err.Code == "ParentNotFoundException" {
			err = errNotThere("TargetNotFoundException", "a target")
		}
		return nil, err
	}
	return []string{FullAWSAccess}, nil
}

type policyFilterInput struct {
	pageInput
	TargetID string `json:"TargetId"`
	Filter   string
}

type controlPoliciesPage struct {
	Policies  []controlPolicyShape
	NextToken string `json:",omitempty"`
}

func listControlPolicies(r *request, o *organization) (any, *apiError) {
	in, err := decode[policyFilterInput](r)
	if err != nil {
		return nil, err
	}
	return o.listed(r, in, slices.Collect(maps.Values(o.controlDocuments())))
}

func listPoliciesForTarget(r *request, o *organization) (any, *apiError) {
	in, err := decode[policyFilterInput](r)
	if err != nil {
		return nil, err
	}
	documents, err := o.attached(in.TargetID)
	if err != nil {
		return nil, err
	}
	return o.listed(r, in, documents)
}

func (o *organization) listed(r *request, in policyFilterInput, documents []string) (any, *apiError) {
	if !slices.Contains(policyTypes, in.Filter) {
		return nil, errBadMember("INVALID_ENUM_POLICY_TYPE", "You specified an invalid value.")
	}
	policies := []controlPolicyShape{}
	for _, d := range documents {
		if p := o.controlPolicy(d); p.Type == in.Filter {
			policies = append(policies, p)
		}
	}
	slices.SortFunc(policies, func(a, b controlPolicyShape) int { return strings.Compare(a.ID, b.ID) })
	page, next, err := cut(r, in.pageInput, in.TargetID+in.Filter, slices.Compact(policies), func(p controlPolicyShape) string { return p.ID })
	return controlPoliciesPage{page, next}, err
}

var policyPattern = regexp.MustCompile(`^p-[0-9a-zA-Z_]{8,128}$`)

func describeControlPolicy(r *request, o *organization) (any, *apiError) {
	in, err := decode[struct{ PolicyID string }](r)
	if err != nil {
		return nil, err
	}
	if !policyPattern.MatchString(in.PolicyID) {
		return nil, errPattern()
	}
	document, ok := o.controlDocuments()[in.PolicyID]
	if !ok {
		return nil, errNotThere("PolicyNotFoundException", "a policy")
	}
	type policyShape struct {
		PolicySummary controlPolicyShape
		Content       string
	}
	return struct{ Policy policyShape }{policyShape{o.controlPolicy(document), document}}, nil
}

// listEntityTags: accounts, OUs and policies carry no tags here.
func listEntityTags(r *request, o *organization) (any, *apiError) {
	in, err := decode[struct{ ResourceID string }](r)
	if err != nil {
		return nil, err
	}
	if policyPattern.MatchString(in.ResourceID) {
		if _, ok := o.controlDocuments()[in.ResourceID]; !ok {
			return nil, errNotThere("TargetNotFoundException", "a target")
		}
	} else if _, err := o.attached(in.ResourceID); err != nil {
		return nil, err
	}
	tags := []tag{}
	if acct := o.aws.accounts[in.ResourceID]; acct != nil {
		for _, key := range slices.Sorted(maps.Keys(acct.spec.Tags)) {
			tags = append(tags, tag{key, acct.spec.Tags[key]})
		}
	}
	return struct{ Tags []tag }{tags}, nil
}

type delegateShape struct {
	ID                    string `json:"Id"`
	ARN                   string `json:"Arn"`
	Email                 string
	Name                  string
	State                 string
	JoinedMethod          string
	JoinedTimestamp       epoch
	DelegationEnabledDate epoch
}

func listDelegatedAdministrators(r *request, o *organization) (any, *apiError) {
	in, err := decode[struct {
		pageInput
		ServicePrincipal string
	}](r)
	if err != nil {
		return nil, err
	}
	delegates := slices.DeleteFunc(o.members(), func(acct *account) bool {
		services := acct.spec.DelegatedFor
		return len(services) == 0 || in.ServicePrincipal != "" && !slices.Contains(services, in.ServicePrincipal)
	})
	page, next, err := cut(r, in.pageInput, in.ServicePrincipal, delegates, func(acct *account) string { return acct.id })
	list := []delegateShape{}
	for _, acct := range page {
		a := o.account(acct)
		list = append(list, delegateShape{a.ID, a.ARN, a.Email, a.Name, a.State, a.JoinedMethod, a.JoinedTimestamp, a.JoinedTimestamp})
	}
	return struct {
		DelegatedAdministrators []delegateShape
		NextToken               string `json:",omitempty"`
	}{list, next}, err
}
