package awsapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// wireCall is a call to a service of which a few actions are needed and whose
// own client is a hundred times their size. The SDK signs it.
type wireCall struct {
	service string // the SDK's name, by which endpoints are configured: "Config Service"
	host    string // its name in host names and signatures: "config"
	action  string
	region  string // empty: the session's
	method  string // empty: POST
	path    string // with its query, escaped; empty: /
	header  http.Header
	body    []byte

	// read takes an answer of status 200. It is called again with another answer
	// where the network broke off the one before.
	read func(io.Reader) error
}

// wire makes a call, tried again as the SDK's clients do: only for what may
// happen twice.
func (s *Session) wire(ctx context.Context, c wireCall) error {
	if c.region == "" {
		c.region = s.config.Region
	}
	retryer := s.retryers.of(c.host + ":" + c.action + "@" + c.region)
	release := func(error) error { return nil }
	for attempt := 1; ; attempt++ {
		done, err := retryer.GetAttemptToken(ctx)
		if err != nil {
			return err
		}
		err = s.wireAttempt(ctx, c)
		_, _ = release(err), done(err)
		if err == nil || attempt >= retryer.MaxAttempts() || !retryer.IsErrorRetryable(err) {
			return err
		}
		if release, err = s.waitForRetry(ctx, retryer, attempt, err); err != nil {
			return err
		}
	}
}

// wireJSON makes a call with a JSON document each way.
func (s *Session) wireJSON(ctx context.Context, c wireCall, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	c.body = body
	c.read = func(answer io.Reader) error {
		text, err := io.ReadAll(io.LimitReader(answer, maxWireDocument))
		if err != nil {
			return &smithyhttp.RequestSendError{Err: err}
		}
		if len(text) == 0 {
			return nil // of calls that answer nothing
		}
		return json.Unmarshal(text, out)
	}
	return s.wire(ctx, c)
}

// wireForm makes a call of the Query protocol: a form in, XML out, whose
// elements out names from below the root; nil: nobody asks what is answered.
func (s *Session) wireForm(ctx context.Context, c wireCall, version string, form url.Values, out any) error {
	form.Set("Action", c.action)
	form.Set("Version", version)
	c.header = http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	c.body = []byte(form.Encode())
	c.read = func(answer io.Reader) error {
		if out == nil {
			return nil
		}
		if err := xml.NewDecoder(io.LimitReader(answer, maxWireDocument)).Decode(out); err != nil {
			return &smithyhttp.RequestSendError{Err: err}
		}
		return nil
	}
	return s.wire(ctx, c)
}

// onWireTag is a tag as most services have it.
type onWireTag struct{ Key, Value string }

func tagsOnWire(tags map[string]string) []onWireTag {
	var list []onWireTag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, onWireTag{key, tags[key]})
	}
	return list
}

func tagsOffWire(list []onWireTag) map[string]string {
	tags := map[string]string{}
	for _, t := range list {
		tags[t.Key] = t.Value
	}
	return tags
}

// tagsInForm writes tags as the Query protocol has them.
func tagsInForm(form url.Values, tags map[string]string) {
	for i, t := range tagsOnWire(tags) {
		at := fmt.Sprintf("Tags.member.%d.", i+1)
		form.Set(at+"Key", t.Key)
		form.Set(at+"Value", t.Value)
	}
}

// listInForm writes a list as the Query protocol has it.
func listInForm(form url.Values, name string, values []string) {
	for i, value := range values {
		form.Set(fmt.Sprintf("%s.member.%d", name, i+1), value)
	}
}

// refusedAs reports whether AWS refused a call with one of these codes.
func refusedAs(err error, codes ...string) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && slices.Contains(codes, strings.TrimSuffix(answer.ErrorCode(), "Exception"))
}

// maxWireDocument bounds one answer that is read as a whole.
const maxWireDocument = 16 << 20

// waitForRetry takes a retry from the account's budget and sleeps before it.
func (s *Session) waitForRetry(ctx context.Context, retryer aws.RetryerV2, attempt int, failed error) (func(error) error, error) {
	release, err := retryer.GetRetryToken(ctx, failed)
	if err != nil {
		return nil, failed
	}
	delay, err := retryer.RetryDelay(attempt, failed)
	if err != nil {
		return nil, failed
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(delay):
		return release, nil
	}
}

func (s *Session) wireAttempt(ctx context.Context, c wireCall) error {
	request, err := s.wireRequest(ctx, c)
	if err != nil {
		return err
	}
	sent := time.Now()
	answer, err := s.config.HTTPClient.Do(request)
	if err != nil {
		logAttempts(ctx, s.clock.log, c.service, c.action, sent, 1, "", err)
		return &smithyhttp.RequestSendError{Err: err}
	}
	defer func() { _ = answer.Body.Close() }()
	s.clock.read(answer.Header, sent, time.Now())
	if answer.StatusCode == http.StatusOK {
		err = c.read(answer.Body)
	} else {
		err = wireRefusal(answer)
	}
	logAttempts(ctx, s.clock.log, c.service, c.action, sent, 1, answer.Header.Get("X-Amzn-Requestid"), err)
	return err
}

func (s *Session) wireRequest(ctx context.Context, c wireCall) (*http.Request, error) {
	method := c.method
	if method == "" {
		method = http.MethodPost
	}
	at := strings.TrimSuffix(s.wireEndpoint(ctx, c), "/") + "/" + strings.TrimPrefix(c.path, "/")
	request, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	for name, values := range c.header {
		request.Header[name] = values
	}
	request.Header.Set("User-Agent", s.config.AppID)
	credentials, err := s.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("get credentials: %w", err)
	}
	sum := sha256.Sum256(c.body)
	hash := hex.EncodeToString(sum[:])
	isS3 := c.host == "s3" // whose signatures alone name the body's hash, and whose paths are escaped once
	if isS3 {
		request.Header.Set("X-Amz-Content-Sha256", hash)
	}
	return request, v4.NewSigner().SignHTTP(ctx, credentials, request, hash, c.host, c.region, s.Now(), func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = isS3
	})
}

// wireEndpoint follows the SDK's order: the service's own setting, the one for
// all services, the partition's.
func (s *Session) wireEndpoint(ctx context.Context, c wireCall) string {
	type serviceEndpoints interface {
		GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
	}
	for _, source := range s.config.ConfigSources {
		if endpoints, ok := source.(serviceEndpoints); ok {
			if endpoint, found, err := endpoints.GetServiceBaseEndpoint(ctx, c.service); found && err == nil {
				return endpoint
			}
		}
	}
	if endpoint := aws.ToString(s.config.BaseEndpoint); endpoint != "" {
		return endpoint
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(c.region, "cn-") {
		domain = "amazonaws.com.cn"
	}
	return "https://" + c.host + "." + c.region + "." + domain
}

// wireRefusal reads an answer of another status than 200. Where an error's code
// stands differs: a header and JSON's __type or code, or an XML element. One that
// says none of them is told by its status.
func wireRefusal(answer *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxWireDocument))
	if err != nil {
		return &smithyhttp.RequestSendError{Err: err}
	}
	said := refusalInJSON(answer.Header, body)
	if said.Code == "" {
		said.Code, said.Message = refusalInXML(body)
	}
	if said.Code == "" {
		said.Code = answer.Status
	}
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: answer}, Err: said}
}

// wireError is a refusal in AWS's words.
type wireError struct {
	smithy.GenericAPIError
	kind string // of what wasn't found: ResourceType
}

func refusalInJSON(header http.Header, body []byte) *wireError {
	var refusal struct { // encoding/json ignores the case of names
		Type         string `json:"__type"`
		Code         string
		Message      string
		ResourceType string
	}
	out := &wireError{}
	if json.Unmarshal(body, &refusal) != nil {
		return out
	}
	out.Message, out.kind = refusal.Message, refusal.ResourceType
	for _, said := range []string{header.Get("X-Amzn-Errortype"), refusal.Type, refusal.Code} {
		said, _, _ = strings.Cut(said, ":")
		if out.Code = said[strings.LastIndex(said, "#")+1:]; out.Code != "" {
			break
		}
	}
	return out
}

// refusalInXML reads S3's <Error>, the Query protocol's <ErrorResponse> and EC2's
// <Response>.
func refusalInXML(body []byte) (code, message string) {
	var refusal struct {
		Code    string
		Message string
		Error   struct{ Code, Message string }
		OfEC2   struct{ Code, Message string } `xml:"Errors>Error"`
	}
	if xml.Unmarshal(body, &refusal) != nil {
		return "", ""
	}
	return cmp.Or(refusal.Code, refusal.Error.Code, refusal.OfEC2.Code), cmp.Or(refusal.Message, refusal.Error.Message, refusal.OfEC2.Message)
}
