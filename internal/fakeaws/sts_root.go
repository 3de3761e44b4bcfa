package fakeaws

import (
	"slices"
	"strings"
	"time"
)

// rootTasks are the managed policies that scope a root session, as AWS has them
// since 2025-01; they allow nothing, and deny all but their task. Those for
// buckets and queues are left out: nothing here is theirs to do.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/security-iam-awsmanpol.html
var rootTasks = map[string]string{
	"IAMAuditRootUserCredentials": rootTask(auditsRoot, `"iam:GetAccountSummary"`),
	"IAMCreateRootUserPassword":   rootTask(`"iam:CreateLoginProfile","iam:GetLoginProfile"`, ""),
	"IAMDeleteRootUserCredentials": rootTask(`"iam:DeleteAccessKey","iam:DeleteSigningCertificate","iam:DeleteLoginProfile",`+
		`"iam:DeactivateMFADevice",`+auditsRoot, ""),
}

const auditsRoot = `"iam:ListAccessKeys","iam:ListSigningCertificates","iam:GetLoginProfile","iam:ListMFADevices","iam:GetUser","iam:GetAccessKeyLastUsed"`

// rootTask is the policy of a task: only these actions, on the root user alone,
// and some on anything.
func rootTask(actions, anything string) string {
	all := actions
	if anything != "" {
		all += "," + anything
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},` +
		`{"Sid":"DenyAllOtherActionsOnAnyResource","Effect":"Deny","NotAction":[` + all + `],"Resource":"*"},` +
		`{"Effect":"Deny","Action":[` + actions + `],"NotResource":"arn:aws:iam::*:root"}]}`
}

const rootTaskPath = "arn:aws:iam::aws:policy/root-task/"

// rootTarget is the member account that a call is about; nil: none of this
// organization.
func (r *request) rootTarget() *account {
	id := r.value("TargetPrincipal")
	if p, ok := parseARN(id); ok && p.service == "iam" && p.resource == "root" {
		id = p.account
	}
	return r.aws.accountByID(id)
}

// mayAssumeRoot asks the caller's own policies alone: the member account has no
// say in it.
func mayAssumeRoot(r *request) *apiError {
	on := target{arn: "*", context: map[string][]string{"sts:TaskPolicyArn": {r.value("TaskPolicyArn.arn")}}}
	if acct := r.rootTarget(); acct != nil {
		on.arn = acct.arn("iam", "root")
	}
	question := r.question("sts:AssumeRoot", on)
	question.ResourceAccount = r.account.id
	d := r.aws.policiesOf(r.caller).Decide(question)
	if d.Allowed() {
		return nil
	}
	return errDenied(deniedText(r.caller, "sts:AssumeRoot", on, d))
}

// assumeRoot is for the management account and IAM's delegated administrators,
// where root access is managed centrally; never for the management account's own
// root user.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html
//
// AWS documents no wording for who may not; the refusals' texts are this
// simulation's.
func assumeRoot(r *request) (any, *apiError) {
	refuse := func(because string) (any, *apiError) {
		return nil, errDenied("User: " + r.caller.arn() + " is not authorized to perform: sts:AssumeRoot on resource: " + r.value("TargetPrincipal") + because)
	}
	acct, manager := r.rootTarget(), r.aws.manager
	task, known := rootTasks[strings.TrimPrefix(r.value("TaskPolicyArn.arn"), rootTaskPath)]
	switch {
	case !known:
		return nil, errValidation("Invalid task policy: %s", r.value("TaskPolicyArn.arn"))
	case r.caller.root(), manager == nil:
		return refuse("")
	case r.account != manager && !slices.Contains(r.account.spec.DelegatedFor, "iam.amazonaws.com"):
		return refuse("")
	case acct == nil || acct == manager:
		return refuse("")
	case !slices.Contains(manager.spec.RootAccess, rootSessions):
		return refuse(" because root sessions are not enabled in the organization")
	}
	s := r.newSession(acct, r.duration(15*time.Minute))
	s.rootTask, s.policies = true, []string{task}
	r.aws.sessions[s.id] = s
	r.witness = acct
	return struct{ Credentials credentialsShape }{s.shape()}, nil
}

// Features of centralized root access, as ListOrganizationsFeatures spells them.
const (
	rootCredentials = "RootCredentialsManagement"
	rootSessions    = "RootSessions"
)

// listOrganizationsFeatures tells what of centralized root access is on.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOrganizationsFeatures.html
func listOrganizationsFeatures(r *request) (any, *apiError) {
	manager := r.aws.manager
	if manager == nil || r.account != manager && !slices.Contains(r.account.spec.DelegatedFor, "iam.amazonaws.com") {
		return nil, &apiError{Status: 403, Code: "CallerIsNotManagementAccountException",
			Message: "Only the management account or delegated administrator for IAM can perform this action."}
	}
	return struct {
		OrganizationId  string
		EnabledFeatures []string
	}{r.aws.knownOrganizationOf(r.account).id, append([]string{}, manager.spec.RootAccess...)}, nil
}
