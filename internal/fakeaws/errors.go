package fakeaws

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// The refusals that every service shares, under their Query names; json11Names
// has the others. Sources: the services' "Common Errors" pages and what AWS is
// seen to answer.

func errUnknownKey() *apiError {
	return &apiError{Status: 403, Code: "InvalidClientTokenId", Message: "The security token included in the request is invalid."}
}

func errExpiredToken() *apiError {
	return &apiError{Status: 403, Code: "ExpiredToken", Message: "The security token included in the request is expired"}
}

func errWrongSignature() *apiError {
	return errSignature("The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
}

func errSignature(format string, args ...any) *apiError {
	return &apiError{Status: 403, Code: "SignatureDoesNotMatch", Message: fmt.Sprintf(format, args...)}
}

func errIncompleteSignature(format string, args ...any) *apiError {
	return &apiError{Status: 400, Code: "IncompleteSignature", Message: fmt.Sprintf(format, args...)}
}

func errMissingToken() *apiError {
	return &apiError{Status: 403, Code: "MissingAuthenticationToken", Message: "Request is missing Authentication Token"}
}

func errRequestExpired() *apiError {
	return &apiError{Status: 400, Code: "RequestExpired", Message: "Request has expired."}
}

func errThrottled() *apiError {
	return &apiError{Status: 400, Code: "Throttling", Message: "Rate exceeded"}
}

func errDenied(message string) *apiError {
	return &apiError{Status: 403, Code: "AccessDenied", Message: message}
}

func errInvalidAction(action, version string) *apiError {
	return &apiError{Status: 400, Code: "InvalidAction", Message: fmt.Sprintf("Could not find operation %s for version %s", action, version)}
}

func errValidation(format string, args ...any) *apiError {
	return &apiError{Status: 400, Code: "ValidationError", Message: fmt.Sprintf(format, args...)}
}

// json11Names are the common refusals as JSON 1.1 services call them; all come
// with status 400.
var json11Names = map[string]string{
	"AccessDenied":               "AccessDeniedException",
	"ExpiredToken":               "ExpiredTokenException",
	"IncompleteSignature":        "IncompleteSignatureException",
	"InvalidAction":              "UnknownOperationException",
	"InvalidClientTokenId":       "UnrecognizedClientException",
	"MissingAuthenticationToken": "MissingAuthenticationTokenException",
	"RequestExpired":             "RequestExpiredException",
	"SignatureDoesNotMatch":      "InvalidSignatureException",
	"Throttling":                 "ThrottlingException",
	"ValidationError":            "ValidationException",
}

// answer is what goes back over the wire.
type answer struct {
	status int
	header http.Header
	body   []byte
	lost   bool // the connection breaks instead
}

// failure writes a refusal as the service's protocol has it.
func (s *service) failure(e *apiError, id string) answer {
	switch s.protocol {
	case json11:
		return s.jsonFailure(e)
	case restJSON:
		return restFailure(e)
	case restXML:
		return objectFailure(e, id)
	}
	if s.name == "ec2" {
		return ec2Failure(e, id)
	}
	fault := "Sender"
	if e.Receiver {
		fault = "Receiver"
	}
	var x xmlWriter
	x.open("ErrorResponse", s.namespace)
	x.text("<Error><Type>" + fault + "</Type>")
	x.element("Code", e.Code)
	if e.Message != "" {
		x.element("Message", e.Message)
	}
	x.text("</Error>")
	x.element("RequestId", id)
	x.close("ErrorResponse")
	return answer{status: e.Status, header: contentType("text/xml"), body: x.Bytes()}
}

func (s *service) jsonFailure(e *apiError) answer {
	code, status := e.Code, e.Status
	if name, common := json11Names[code]; common {
		code, status = name, 400
	}
	// AWS's JSON services disagree on the case of "message"; every client
	// accepts both.
	document := map[string]string{"__type": code, "Message": e.Message}
	if e.Reason != "" {
		document["Reason"] = e.Reason
	}
	if e.Kind != "" {
		document["ResourceType"] = e.Kind
	}
	body, err := json.Marshal(document)
	if err != nil {
		panic(err) // two strings always encode
	}
	return answer{status: status, header: contentType("application/x-amz-json-1.1"), body: body}
}

// success writes an action's answer as the service's protocol has it.
func (s *service) success(action string, content any, id string) answer {
	if o, ok := content.(object); ok {
		return answer{status: 200, header: contentType("binary/octet-stream"), body: o}
	}
	if rest, ok := content.(restAnswer); ok {
		return rest.answer()
	}
	if s.protocol != queryXML {
		body := []byte("{}")
		if content != nil {
			body = jsonOf(content)
		}
		return answer{status: 200, header: contentType(jsonTypes[s.protocol]), body: body}
	}
	var x xmlWriter
	x.open(action+"Response", s.namespace)
	if content != nil {
		x.text("<" + action + "Result>")
		x.structure(content)
		x.close(action + "Result")
	}
	x.text("<ResponseMetadata>")
	x.element("RequestId", id)
	x.text("</ResponseMetadata>")
	x.close(action + "Response")
	return answer{status: 200, header: contentType("text/xml"), body: x.Bytes()}
}

var jsonTypes = map[protocol]string{json11: "application/x-amz-json-1.1", restJSON: "application/json"}

// restFailure keeps the refusal's status and names it in a header too.
func restFailure(e *apiError) answer {
	code := e.Code
	if name, common := json11Names[code]; common {
		code = name
	}
	header := contentType("application/json")
	header.Set("X-Amzn-Errortype", code)
	document := map[string]string{"Code": code, "Message": e.Message}
	if e.Reason != "" {
		document["Reason"] = e.Reason
	}
	return answer{status: e.Status, header: header, body: jsonOf(document)}
}

// objectNames are the common refusals as S3 calls them.
var objectNames = map[string]string{
	"InvalidClientTokenId": "InvalidAccessKeyId", "Throttling": "SlowDown", "MissingAuthenticationToken": "AccessDenied",
}

func objectFailure(e *apiError, id string) answer {
	code := e.Code
	if name, own := objectNames[code]; own {
		code = name
	}
	var x xmlWriter
	x.begin("Error")
	x.element("Code", code)
	x.element("Message", e.Message)
	x.element("RequestId", id)
	x.close("Error")
	header := contentType("application/xml")
	if e.Region != "" {
		header.Set("X-Amz-Bucket-Region", e.Region)
	}
	return answer{status: e.Status, header: header, body: x.Bytes()}
}

func jsonOf(content any) []byte {
	body, err := json.Marshal(content)
	if err != nil {
		panic(fmt.Sprintf("fakeaws: answer %T does not encode: %v", content, err))
	}
	return body
}

func contentType(value string) http.Header { return http.Header{"Content-Type": {value}} }

// epoch is a time as JSON 1.1 services write it: seconds since 1970.
type epoch time.Time

// MarshalJSON writes seconds with milliseconds where there are any.
func (e epoch) MarshalJSON() ([]byte, error) {
	s := fmt.Sprintf("%.3f", float64(time.Time(e).UnixMilli())/1000)
	return []byte(strings.TrimSuffix(s, ".000")), nil
}
