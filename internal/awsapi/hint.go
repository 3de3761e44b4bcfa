package awsapi

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Hint returns one sentence that says what to do about err; empty where there
// is nothing useful to say.
func Hint(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Class: ClassOf(err), err: err}
	}
	for _, special := range []func(*Error) string{refusalHint, rootHint} {
		if hint := special(e); hint != "" {
			return hint
		}
	}
	switch e.Class {
	case Denied:
		return "Allow " + deniedAction(e) + " to the caller" + deniedCaller(e) + "."
	case DeniedByOrganization:
		return "A policy of the organization denies " + deniedAction(e) + "; no policy of the account can allow it. Ask who keeps the organization's policies."
	case Throttled:
		return "AWS asked to slow down for longer than the retries last. Run again when less is going on in the account."
	case LimitExceeded:
		return "A quota is used up. Try again later."
	case CredentialsMissing:
		return missingHint(e)
	case CredentialsInvalid:
		return "AWS doesn't know these credentials (deleted or inactive key, wrong secret, or another partition). See `aws configure list" + profileFlag(e) + "`." + sessionHint(e) + guessedHint(e)
	case CredentialsExpired:
		return expiredHint(e)
	case ClockSkew:
		return "Set this computer's clock: AWS refuses requests signed more than a few minutes off."
	case Network:
		return networkHint(e)
	case Service:
		return "AWS failed on its side. Try again later."
	case UnknownStatus:
		return "Update keytend: AWS may have given keys a new status since this version."
	}
	return ""
}

// refusalHint is about services that aren't there to be asked, or not by everybody.
func refusalHint(e *Error) string {
	switch {
	case e.Code == "InvalidAccessException" && strings.HasPrefix(e.Call, "securityhub:"):
		return "Security Hub is not on in this account and region: switch it on there, or name the region where it is by --region."
	case wordless(e):
		return "Whoever answered spoke another language than AWS: check AWS_ENDPOINT_URL and proxy."
	case strings.HasPrefix(e.Code, "EventDataStore") && e.Class == NotFound:
		return "An ID is looked for in the session's region, an ARN names its own; `aws cloudtrail list-event-data-stores --region REGION` lists those that the account has."
	case e.Code == "AWSOrganizationsNotInUseException":
		return "The account is in no organization. Several accounts can be named by --profiles."
	case strings.HasPrefix(e.Call, "organizations:") && e.Class == Denied && !deniedPattern.MatchString(e.Message):
		return "Only the management account and delegated administrators may ask this: use a profile of one of them."
	}
	return ""
}

// wordless reports whether the answer had no error code of AWS's, though it
// came from where there always is one.
func wordless(e *Error) bool {
	service, _, _ := strings.Cut(e.Call, ":")
	return e.Code == "UnknownError" && (e.Class == Other || e.Class == Denied && (service == "iam" || service == "sts"))
}

// deniedPattern finds the action and the caller in AWS's sentence "User: ARN is
// not authorized to perform: iam:ListUsers on resource: …".
var deniedPattern = regexp.MustCompile(`User: (\S+) is not authorized to perform: (\S+)`)

func deniedAction(e *Error) string {
	if found := deniedPattern.FindStringSubmatch(e.Message); found != nil {
		return found[2]
	}
	if e.Call == "" {
		return "this action"
	}
	return e.Call
}

func deniedCaller(e *Error) string {
	if found := deniedPattern.FindStringSubmatch(e.Message); found != nil {
		return " " + found[1]
	}
	return ""
}

func profileFlag(e *Error) string {
	if e.Profile == "" {
		return ""
	}
	return " --profile " + e.Profile
}

// guessedHint says which partition was asked where nobody chose it: the keys of
// one are unknown to the others.
func guessedHint(e *Error) string {
	if !e.Guessed {
		return ""
	}
	return " No region is configured, so " + DefaultRegion + " was asked: for AWS China or GovCloud give --region, such as cn-north-1 or us-gov-west-1."
}

// sessionHint tells of credentials that IAM alone refuses.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
func sessionHint(e *Error) string {
	if e.Code != "InvalidClientTokenId" || !strings.HasPrefix(e.Call, "iam:") {
		return ""
	}
	return " Where `aws sts get-caller-identity` takes them, they are a session of GetSessionToken made without MFA, which may not call IAM: use the key itself, a role, or MFA."
}

func missingHint(e *Error) string {
	if e.Profile != "" {
		return fmt.Sprintf("Profile %q gives no credentials: see `aws configure list-profiles` and `aws configure list --profile %s`.", e.Profile, e.Profile)
	}
	return "No AWS credentials were found: give --profile, set AWS_PROFILE, or run `aws configure sso` or `aws login`."
}

func expiredHint(e *Error) string {
	if strings.Contains(e.Message, "SSO") || e.Code == "" {
		return "Sign in again: `aws sso login" + profileFlag(e) + "`."
	}
	return "The session has expired. Get new credentials: `aws sso login" + profileFlag(e) + "`, or assume the role again."
}
