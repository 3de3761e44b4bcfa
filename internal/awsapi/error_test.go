package awsapi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func answer(status int, code, message string) error {
	return &smithy.OperationError{ServiceID: "IAM", OperationName: "ListUsers", Err: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
		Err:      &smithy.GenericAPIError{Code: code, Message: message},
	}}
}

const deniedText = "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::123456789012:user/ because no identity-based policy allows the iam:ListUsers action"

func TestClassOf(t *testing.T) {
	scp := strings.Replace(deniedText, "because no identity-based policy allows the iam:ListUsers action", "with an explicit deny in a service control policy", 1)
	for name, c := range map[string]struct {
		err  error
		want Class
	}{
		"nil":                   {nil, None},
		"denied":                {answer(403, "AccessDenied", deniedText), Denied},
		"denied by JSON":        {answer(400, "AccessDeniedException", deniedText), Denied},
		"denied by SCP":         {answer(403, "AccessDenied", scp), DeniedByOrganization},
		"denied by RCP":         {answer(403, "AccessDenied", "with an explicit deny in a resource control policy"), DeniedByOrganization},
		"Throttling":            {answer(400, "Throttling", "Rate exceeded"), Throttled},
		"TooManyRequests":       {answer(400, "TooManyRequestsException", ""), Throttled},
		"429 without a code":    {answer(429, "Weird", ""), Throttled},
		"throttled to the end":  {&retry.MaxAttemptsError{Attempt: 8, Err: answer(400, "Throttling", "Rate exceeded")}, Throttled},
		"budget of retries out": {errors.Join(answer(400, "Throttling", "Rate exceeded"), errors.New("failed to get rate limit token")), Throttled},
		"limit":                 {answer(409, "LimitExceeded", ""), LimitExceeded},
		"gone":                  {answer(404, "NoSuchEntity", "The user with name x cannot be found."), NotFound},
		"unknown key":           {answer(403, "InvalidClientTokenId", "The security token included in the request is invalid."), CredentialsInvalid},
		"wrong secret":          {answer(403, "SignatureDoesNotMatch", "The request signature we calculated does not match"), CredentialsInvalid},
		"late signature":        {answer(403, "SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than"), ClockSkew},
		"early signature":       {answer(403, "InvalidSignatureException", "Signature not yet current: 2026"), ClockSkew},
		"expired":               {answer(403, "ExpiredToken", "The security token included in the request is expired"), CredentialsExpired},
		"AWS broken":            {answer(503, "ServiceUnavailable", ""), Service},
		"AWS broken, unsaid":    {answer(502, "Bad Gateway", ""), Service},
		"other":                 {answer(400, "ValidationError", ""), Other},
		"SSO":                   {fmt.Errorf("get identity: %w", &ssocreds.InvalidTokenError{}), CredentialsExpired},
		"SSO token":             {errors.New("get credentials: failed to refresh cached credentials, refresh cached SSO token failed, cached SSO token is expired"), CredentialsExpired},
		"no profile":            {config.SharedConfigProfileNotExistError{Profile: "x"}, CredentialsMissing},
		"nowhere":               {errors.New("get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found"), CredentialsMissing},
		"role denied":           {fmt.Errorf("get credentials: %w", answer(403, "AccessDenied", "not authorized to perform: sts:AssumeRole")), Denied},
		"connection":            {&smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, Network},
		"name":                  {&url.Error{Op: "Post", URL: "https://x", Err: &net.DNSError{}}, Network},
		"canceled":              {fmt.Errorf("x: %w", context.Canceled), Canceled},
		"deadline":              {&smithyhttp.RequestSendError{Err: context.DeadlineExceeded}, Canceled},
		"ours":                  {fmt.Errorf("x: %w", &Error{Class: Throttled}), Throttled},
		"a file":                {fmt.Errorf("bundle: %w", &fs.PathError{Op: "open", Path: "ca.pem", Err: syscall.ENOENT}), Other},
		"anything":              {errors.New("anything"), Other},
	} {
		if got := ClassOf(c.err); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestHints(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"denied":     {newError("iam:ListUsers", "", answer(403, "AccessDenied", deniedText)), "Allow iam:ListUsers to the caller arn:aws:iam::123456789012:user/alice."},
		"terse":      {newError("iam:GetCredentialReport", "", answer(403, "AccessDenied", "No.")), "Allow iam:GetCredentialReport to the caller."},
		"SCP":        {newError("iam:ListUsers", "", answer(403, "AccessDenied", "iam:ListUsers with an explicit deny in a service control policy")), "organization"},
		"SSO":        {newError("sts:GetCallerIdentity", "audit", fmt.Errorf("x: %w", &ssocreds.InvalidTokenError{})), "`aws sso login --profile audit`"},
		"no profile": {newError("open session", "audit", config.SharedConfigProfileNotExistError{Profile: "audit"}), `"audit" gives no credentials`},
		"nowhere":    {newError("sts:GetCallerIdentity", "", errors.New("no EC2 IMDS role found")), "--profile"},
		"session":    {newError("iam:ListUsers", "", answer(403, "InvalidClientTokenId", "The security token included in the request is invalid.")), "GetSessionToken made without MFA"},
		"clock":      {newError("sts:GetCallerIdentity", "", answer(403, "SignatureDoesNotMatch", "Signature expired")), "clock"},
	} {
		if got := Hint(fmt.Errorf("scan: %w", c.err)); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q in it", name, got, c.want)
		}
	}
	if Hint(errors.New("anything")) != "" {
		t.Error("a hint for nothing in particular")
	}
}

func TestErrorsShowNoSecret(t *testing.T) {
	const secret, token = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLETOKEN"
	long := strings.Repeat("AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT+FvwqnKwRcOIfrRh3c/LTo6UDdyJwOOvEVPvLXCrrrUtdnni", 2)
	for _, text := range []string{
		"bad secret " + secret + " given",
		"https://iam.amazonaws.com/?X-Amz-Signature=0123456789abcdef&X-Amz-Security-Token=" + token + "&Action=ListUsers",
		`{"SessionToken":"` + token + `", "SecretAccessKey" : "` + secret + `"}`,
		"The request signature we calculated does not match.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:" + token + "'",
		"token " + long,
		"Authorization: AWS4-HMAC-SHA256 Credential=x, Signature=0123456789abcdef",
		`invalid proxy address "http://bob:0123456789abcdef@proxy.example.com": no`,
	} {
		err := newError("iam:ListUsers", "", answer(403, "SignatureDoesNotMatch", text)).Error()
		for _, hidden := range []string{secret, token, long[:100], "0123456789abcdef"} {
			if strings.Contains(err, hidden) {
				t.Errorf("%q shows %q", err, hidden)
			}
		}
		if strings.ContainsAny(err, "\n\r\x1b") {
			t.Errorf("%q is not one line", err)
		}
	}
}

func TestRedactKeepsWhatHelps(t *testing.T) {
	for _, text := range []string{
		deniedText,
		"The user with name doe,jane+x=y@z cannot be found.",
		"Post https://iam.amazonaws.com:443/?who=jane@example.com",
		"arn:aws:iam::123456789012:user/division_abc/subdivision_xyz/product_1234/engineering/team-blue/alice",
	} {
		if got := Redact(text); got != text {
			t.Errorf("Redact(%q) = %q", text, got)
		}
	}
	if got := Redact("a\x1b[31mb\r\n c"); got != "a [31mb c" {
		t.Errorf("%q", got)
	}
	if got := Redact(strings.Repeat("no ", 1000)); len(got) > maxMessage+len("…") {
		t.Errorf("%d bytes", len(got))
	}
}

func TestNewFailure(t *testing.T) {
	err := fmt.Errorf("scan: %w", newError("iam:ListAccessKeys", "", answer(403, "AccessDenied", deniedText)))
	got := NewFailure("123456789012", "bob", err)
	if got.Account != "123456789012" || got.User != "bob" || got.Call != "iam:ListAccessKeys" || got.Class != "Denied" ||
		!strings.Contains(got.Err, "is not authorized") || !strings.HasPrefix(got.Hint, "Allow ") {
		t.Fatalf("%+v", got)
	}
}

func TestReportStates(t *testing.T) {
	for code, want := range map[string]error{
		"ReportNotPresent": ErrReportMissing, "ReportExpired": ErrReportMissing, "ReportInProgress": ErrReportNotReady,
	} {
		err := newError("iam:GetCredentialReport", "", answer(410, code, ""))
		if !errors.Is(err, want) || errors.Is(err, errors.New("other")) {
			t.Errorf("%s is not %v", code, want)
		}
	}
}
