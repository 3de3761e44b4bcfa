package awsapi

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/restjson"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// wireError is a refusal in AWS's words.
type wireError struct {
	smithy.GenericAPIError
	kind string // of what wasn't found: ResourceType
}

// refusal reads an answer that isn't success. Where an error's code stands
// differs: a header, JSON's __type or code, or an XML element. What is neither
// JSON nor such XML comes from something between AWS and us, and says nothing
// about what AWS did.
func refusal(answer *smithyhttp.Response) error {
	body, err := whole(answer.Body)
	if err != nil {
		return err
	}
	said := refusalInJSON(answer.Header, body)
	if said.Code == "" {
		said.Code, said.Message = refusalInXML(body)
	}
	switch {
	case said.Code != "":
		return said
	case len(body) == 0, json.Valid(body):
		said.Code, said.Message = "UnknownError", cmp.Or(said.Message, "UnknownError")
		return said
	}
	return &smithy.DeserializationError{Err: fmt.Errorf("answered %s in other words than AWS's", answer.Status)}
}

func refusalInJSON(header http.Header, body []byte) *wireError {
	var words struct { // encoding/json ignores the case of names
		Type         string `json:"__type"`
		Code         string
		Message      string
		ResourceType string
	}
	if json.Unmarshal(body, &words) != nil && header.Get("X-Amzn-Errortype") == "" {
		return &wireError{}
	}
	out := &wireError{kind: words.ResourceType}
	out.Code = restjson.SanitizeErrorCode(cmp.Or(header.Get("X-Amzn-Errortype"), words.Type, words.Code))
	out.Message = words.Message
	return out
}

// refusalInXML reads S3's <Error>, the Query protocol's <ErrorResponse> and EC2's
// <Response>.
func refusalInXML(body []byte) (code, message string) {
	var words struct {
		Code    string
		Message string
		Error   struct{ Code, Message string }
		OfEC2   struct{ Code, Message string } `xml:"Errors>Error"`
	}
	if xml.Unmarshal(body, &words) != nil {
		return "", ""
	}
	return cmp.Or(words.Code, words.Error.Code, words.OfEC2.Code), cmp.Or(words.Message, words.Error.Message, words.OfEC2.Message)
}

// refusedAs reports whether AWS refused a call with one of these codes.
func refusedAs(err error, codes ...string) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && slices.Contains(codes, strings.TrimSuffix(answer.ErrorCode(), "Exception"))
}
