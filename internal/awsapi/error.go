package awsapi

import (
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/keytend/keytend/internal/accesskey"
)

// Error is a call to AWS that failed. Its text is one line without secrets;
// the SDK's error stays reachable for errors.As, but must not be printed.
type Error struct {
	Call    string // iam:ListAccessKeys
	Code    string // AWS's own; empty where AWS didn't answer
	Class   Class
	Message string // redacted, one line
	Profile string // in use; empty: the default
	Guessed bool   // no region was configured, so that DefaultRegion's partition was asked

	err error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Code == "" {
		return e.Call + ": " + e.Message
	}
	return e.Call + ": " + e.Code + ": " + e.Message
}

// Unwrap returns what the SDK said.
func (e *Error) Unwrap() error { return e.err }

// Is makes the report's states branchable.
func (e *Error) Is(target error) bool {
	return target == ErrReportNotReady && e.Code == "ReportInProgress" ||
		target == ErrReportMissing && (e.Code == "ReportNotPresent" || e.Code == "ReportExpired")
}

// newError is an error of a call. Where another call failed that it takes
// credentials from, it is that call's.
func newError(call, profile string, err error) *Error {
	var under *Error
	if errors.As(err, &under) && under.Call != call {
		call = under.Call
	}
	e := &Error{Call: call, Class: ClassOf(err), Profile: profile, err: err}
	var answer smithy.APIError
	if errors.As(err, &answer) {
		e.Code, e.Message = clean(answer.ErrorCode()), Redact(answer.ErrorMessage())
	} else {
		e.Message = Redact(withoutWrapping(err).Error())
	}
	if e.Class == CredentialsMissing && e.Code == "" {
		e.Message = "no AWS credentials: " + e.Message // the SDK tells only where it looked last
	}
	return e
}

// withoutWrapping drops the SDK's outer layers, which only repeat the call, or
// tell of the answer that there was none.
func withoutWrapping(err error) error {
	var asked *url.Error
	if ClassOf(err) == Network && errors.As(err, &asked) {
		return asked
	}
	var operation *smithy.OperationError
	for errors.As(err, &operation) && operation.Err != nil {
		err = operation.Err
	}
	return err
}

// NewFailure is the line a report shows for err: of a whole account, or of one
// user in it.
func NewFailure(account, user string, err error) accesskey.Failure {
	failure := accesskey.Failure{Account: account, User: user, Class: string(ClassOf(err)), Err: Redact(err.Error()), Hint: Hint(err)}
	var ours *Error
	if errors.As(err, &ours) {
		failure.Call = ours.Call
		failure.Err = strings.TrimPrefix(failure.Err, ours.Call+": ")
	}
	return failure
}

// maxMessage bounds what is shown of an error: AWS's longest useful messages
// (a denial with two ARNs) are about half of it.
const maxMessage = 1000

// namedSecrets are what an error may quote that nobody else should see, with
// what says so before (and behind) it: signed parts of a request, and the
// password in a proxy's address. A refused signature makes AWS quote the whole
// canonical request.
var namedSecrets = []*regexp.Regexp{
	regexp.MustCompile(`(?i)(X-Amz-(?:Signature|Security-Token|Credential)|Signature|SessionToken|SecretAccessKey|AccessToken|RefreshToken|Authorization|Password)(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s&,"'<>]+)`),
	regexp.MustCompile(`(://[^\s/@:"']*)(:)([^\s/"']+)(@)`),
}

// tokenLike and secretLike have a session token's or a secret key's form.
var (
	tokenLike  = regexp.MustCompile(`[A-Za-z0-9+/_=-]{100,}`)
	secretLike = regexp.MustCompile(`[A-Za-z0-9+/]{40,}`)
)

// Redact returns text as one line that can be shown: without secrets, control
// characters, and whatever AWS quotes of a signed request.
func Redact(text string) string {
	text, _, _ = strings.Cut(text, "The Canonical String for this request should have been")
	text = clean(text)
	for _, form := range namedSecrets {
		text = form.ReplaceAllString(text, "${1}${2}REDACTED${4}")
	}
	text = tokenLike.ReplaceAllString(text, "REDACTED")
	text = secretLike.ReplaceAllStringFunc(text, redactSecretLike)
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}

// redactSecretLike replaces a run of exactly a secret key's 40 characters that
// mixes cases and digits, as a random one does and a path hardly ever.
func redactSecretLike(run string) string {
	mixed := strings.ContainsAny(run, "0123456789") && strings.ToLower(run) != run && strings.ToUpper(run) != run
	if len(run) == 40 && mixed {
		return "REDACTED"
	}
	return run
}

// clean makes one line of text without control characters.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	return strings.Join(strings.Fields(text), " ")
}
