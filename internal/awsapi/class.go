package awsapi

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Class is what kind of failure an error is: what a caller branches on and
// what reports show.
type Class string

// The classes.
const (
	None                 Class = ""
	Denied               Class = "Denied"               // by the caller's own policies
	DeniedByOrganization Class = "DeniedByOrganization" // by a service or resource control policy
	Throttled            Class = "Throttled"
	LimitExceeded        Class = "LimitExceeded" // a quota; retrying at once is no use
	NotFound             Class = "NotFound"
	CredentialsMissing   Class = "CredentialsMissing"
	CredentialsInvalid   Class = "CredentialsInvalid"
	CredentialsExpired   Class = "CredentialsExpired"
	ClockSkew            Class = "ClockSkew" // the signature's time is too far from AWS's
	Network              Class = "Network"   // no answer: what was asked may or may not have happened
	Service              Class = "Service"   // AWS failed (5xx): same uncertainty
	Canceled             Class = "Canceled"
	UnknownStatus        Class = "UnknownStatus" // AWS answered, with a status that this version doesn't know
	Other                Class = "Other"
)

// classOfCode is AWS's error codes, of the Query and the JSON protocol.
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
var classOfCode = map[string]Class{
	"AccessDenied":               Denied,
	"AccessDeniedException":      Denied,
	"UnauthorizedOperation":      Denied,
	"AuthorizationError":         Denied,
	"NotAuthorized":              Denied,
	"OptInRequired":              Denied,
	"LimitExceeded":              LimitExceeded,
	"ServiceQuotaExceeded":       LimitExceeded,
	"NoSuchEntity":               NotFound,
	"NoSuchEntityException":      NotFound,
	"ReportNotPresent":           NotFound,
	"ResourceNotFound":           NotFound,
	"ParameterNotFound":          NotFound,
	"ParameterVersionNotFound":   NotFound,
	"NoSuchKey":                  NotFound, // S3
	"NoSuchBucket":               NotFound,
	"NotFound":                   NotFound, // KMS
	"AccountNotFound":            NotFound, // Organizations
	"EventDataStoreNotFound":     NotFound, // CloudTrail Lake
	"EventDataStoreARNInvalid":   NotFound, // or it is another account's
	"MaxConcurrentQueries":       LimitExceeded,
	"MissingAuthentication":      CredentialsMissing,
	"InvalidClientTokenId":       CredentialsInvalid,
	"InvalidAccessKeyId":         CredentialsInvalid,
	"UnrecognizedClient":         CredentialsInvalid,
	"SignatureDoesNotMatch":      CredentialsInvalid,
	"InvalidSignature":           CredentialsInvalid,
	"IncompleteSignature":        CredentialsInvalid,
	"AuthFailure":                CredentialsInvalid,
	"InvalidToken":               CredentialsInvalid,
	"ExpiredToken":               CredentialsExpired,
	"ExpiredTokenException":      CredentialsExpired,
	"TokenRefreshRequired":       CredentialsExpired,
	"RequestExpired":             ClockSkew,
	"RequestTimeTooSkewed":       ClockSkew,
	"RequestInTheFuture":         ClockSkew,
	"InternalFailure":            Service,
	"InternalError":              Service,
	"InternalServerError":        Service,
	"ServiceFailure":             Service,
	"ServiceUnavailable":         Service,
	"MissingAuthenticationToken": CredentialsMissing,
}

// ClassOf returns the class of an error of this room, of the SDK, or of the
// network below it; None for nil.
func ClassOf(err error) Class {
	var ours *Error
	var answer smithy.APIError
	switch {
	case err == nil:
		return None
	case errors.As(err, &ours):
		return ours.Class
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Canceled
	case errors.As(err, &answer):
		return classOfAnswer(answer, err)
	}
	if class := classOfCredentials(err); class != None {
		return class
	}
	return classOfTransport(err)
}

func classOfAnswer(answer smithy.APIError, err error) Class {
	code, text := answer.ErrorCode(), answer.ErrorMessage()
	if _, ok := retry.DefaultThrottleErrorCodes[code]; ok {
		return Throttled
	}
	class, ok := classOfCode[code]
	if !ok {
		class, ok = classOfCode[strings.TrimSuffix(code, "Exception")]
	}
	switch {
	case !ok:
		return classOfStatus(err)
	case class == Denied && byOrganization(text):
		return DeniedByOrganization
	case class == CredentialsInvalid && aboutTime(text):
		return ClockSkew
	}
	return class
}

// byOrganization tells by AWS's wording, which is the only place that does:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func byOrganization(text string) bool {
	return strings.Contains(text, "service control policy") || strings.Contains(text, "resource control policy")
}

// aboutTime reports whether a signature was refused for its time only.
func aboutTime(text string) bool {
	return strings.Contains(text, "Signature expired") || strings.Contains(text, "Signature not yet current")
}

func classOfStatus(err error) Class {
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil || answer.Response.Response == nil {
		return Other
	}
	switch status := answer.HTTPStatusCode(); {
	case status == http.StatusTooManyRequests:
		return Throttled
	case status == http.StatusForbidden:
		return Denied
	case status >= http.StatusInternalServerError:
		return Service
	}
	return Other
}

// classOfCredentials knows the ways in which the SDK finds no credentials.
func classOfCredentials(err error) Class {
	var (
		sso     *ssocreds.InvalidTokenError
		profile config.SharedConfigProfileNotExistError
		empty   *credentials.StaticCredentialsEmptyError
		process *processcreds.ProviderError
	)
	text := err.Error()
	switch {
	case errors.As(err, &sso), strings.Contains(text, "SSO token"), strings.Contains(text, "SSO session"):
		return CredentialsExpired
	case errors.As(err, &profile), errors.As(err, &empty), errors.As(err, &process),
		strings.Contains(text, "no EC2 IMDS role found"), strings.Contains(text, "get credentials:"),
		strings.Contains(text, "failed to refresh cached credentials"):
		return CredentialsMissing
	}
	return None
}

func classOfTransport(err error) Class {
	var (
		send    *smithyhttp.RequestSendError
		network net.Error
		cancel  *aws.RequestCanceledError
		file    *fs.PathError // the standard library takes it for a net.Error
	)
	switch {
	case errors.As(err, &file):
		return Other
	case errors.As(err, &cancel):
		return Canceled
	case errors.As(err, &send), errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Network
	}
	return classOfStatus(err)
}
