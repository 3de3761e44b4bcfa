package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/restjson"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// jsonService is one of AWS's services that speak JSON 1.1, called by the SDK's
// own steps (retries, signature, errors) but without the SDK's client for it:
// that of Systems Manager alone would be a tenth of the whole program.
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
type jsonService struct {
	session *Session
	config  aws.Config // of its region

	id     string // "SSM": what the SDK's configuration calls it
	name   string // "ssm": of its hosts and signatures
	target string // "AmazonSSM": before the operation, in the header
}

// jsonCall is one call.
type jsonCall struct {
	operation string
	in, out   any // written and read by encoding/json
	retryer   aws.Retryer
	until     time.Time // not to be signed later, by AWS's clock; zero: no bound
}

// call makes one call. Its errors are those of an SDK's client.
func (j jsonService) call(ctx context.Context, c jsonCall) error {
	stack, err := j.stack(c)
	if err == nil {
		ctx = middleware.ClearStackValues(ctx)
		_, _, err = middleware.DecorateHandler(smithyhttp.NewClientHandlerWithOptions(j.config.HTTPClient), stack).Handle(ctx, c.in)
	}
	if err != nil {
		return &smithy.OperationError{ServiceID: j.id, OperationName: c.operation, Err: err}
	}
	return nil
}

// stack are the steps of a call, in the SDK's order and under its names.
func (j jsonService) stack(c jsonCall) (*middleware.Stack, error) {
	stack := middleware.NewStack(c.operation, smithyhttp.NewStackRequest)
	steps := []func(*middleware.Stack) error{
		func(s *middleware.Stack) error { return s.Initialize.Add(j.metadata(c), middleware.After) },
		func(s *middleware.Stack) error { return s.Serialize.Add(j.writing(c), middleware.After) },
		awsmiddleware.AddClientRequestIDMiddleware,
		awsmiddleware.AddSDKAgentKeyValue(awsmiddleware.APIMetadata, j.name, aws.SDKVersion),
		j.application,
		func(s *middleware.Stack) error {
			return s.Finalize.Add(retry.NewAttemptMiddleware(c.retryer, smithyhttp.RequestCloner, j.clock), middleware.After)
		},
		func(s *middleware.Stack) error { return s.Finalize.Add(&v4.ComputePayloadSHA256{}, middleware.After) },
		func(s *middleware.Stack) error { return s.Finalize.Add(j.signing(), middleware.After) },
		func(s *middleware.Stack) error { return s.Deserialize.Add(reading(c), middleware.After) },
		awsmiddleware.AddRequestIDRetrieverMiddleware,
		awshttp.AddResponseErrorMiddleware,
		awsmiddleware.AddRecordResponseTiming,
	}
	steps = append(steps, j.config.APIOptions...)
	steps = append(steps, j.session.signedBefore(c.until)...)
	for _, add := range steps {
		if err := add(stack); err != nil {
			return nil, err
		}
	}
	return stack, nil
}

// clock signs by AWS's clock as far as it is known. Without, the SDK takes a
// denial for the fault of a clock that is off, and asks again.
func (j jsonService) clock(a *retry.Attempt) {
	off, _ := j.session.SkewAt()
	a.ClientSkew = new(atomic.Int64)
	a.ClientSkew.Store(int64(off))
}

func (j jsonService) metadata(c jsonCall) middleware.InitializeMiddleware {
	return &awsmiddleware.RegisterServiceMetadata{ServiceID: j.id, SigningName: j.name, Region: j.config.Region, OperationName: c.operation}
}

func (j jsonService) application(stack *middleware.Stack) error {
	if j.config.AppID == "" {
		return nil
	}
	return awsmiddleware.AddSDKAgentKey(awsmiddleware.ApplicationIdentifier, j.config.AppID)(stack)
}

// writing makes the request.
func (j jsonService) writing(c jsonCall) middleware.SerializeMiddleware {
	return middleware.SerializeMiddlewareFunc("OperationSerializer",
		func(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (out middleware.SerializeOutput, metadata middleware.Metadata, err error) {
			request, ok := in.Request.(*smithyhttp.Request)
			if !ok {
				return out, metadata, fmt.Errorf("no HTTP request but %T", in.Request)
			}
			at, err := j.endpoint(ctx)
			if err != nil {
				return out, metadata, fmt.Errorf("resolve endpoint: %w", err)
			}
			body, err := json.Marshal(c.in)
			if err != nil {
				return out, metadata, &smithy.SerializationError{Err: err}
			}
			request.Method, request.URL = http.MethodPost, at
			request.Header.Set("Content-Type", "application/x-amz-json-1.1")
			request.Header.Set("X-Amz-Target", j.target+"."+c.operation)
			if in.Request, err = request.SetStream(bytes.NewReader(body)); err != nil {
				return out, metadata, &smithy.SerializationError{Err: err}
			}
			return next.HandleSerialize(ctx, in)
		})
}

// signing signs by AWS's clock, as far as its answers have told it.
func (j jsonService) signing() middleware.FinalizeMiddleware {
	return middleware.FinalizeMiddlewareFunc("Signing",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
			request, ok := in.Request.(*smithyhttp.Request)
			if !ok {
				return out, metadata, fmt.Errorf("no HTTP request but %T", in.Request)
			}
			key, err := j.config.Credentials.Retrieve(ctx)
			if err != nil {
				return out, metadata, &v4.SigningError{Err: fmt.Errorf("failed to retrieve credentials: %w", err)}
			}
			if err := j.session.signer.SignHTTP(ctx, key, request.Request, v4.GetPayloadHash(ctx), j.name, j.config.Region, j.session.Now()); err != nil {
				return out, metadata, &v4.SigningError{Err: err}
			}
			return next.HandleFinalize(ctx, in)
		})
}

// reading reads the answer.
func reading(c jsonCall) middleware.DeserializeMiddleware {
	return middleware.DeserializeMiddlewareFunc("OperationDeserializer",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			answer, ok := out.RawResponse.(*smithyhttp.Response)
			if !ok {
				return out, metadata, err
			}
			defer func() { _ = answer.Body.Close() }()
			if err != nil {
				return out, metadata, err
			}
			return out, metadata, read(answer, c.out)
		})
}

func read(answer *smithyhttp.Response, into any) error {
	body, err := whole(answer)
	switch {
	case err != nil:
		return &smithy.DeserializationError{Err: err}
	case answer.StatusCode < 200 || answer.StatusCode >= 300:
		return said(answer.Header, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &smithy.DeserializationError{Err: err} // no Snapshot: it may hold a secret
	}
	return nil
}

// whole is an answer's body, read into as much memory as it announces, but for
// what nobody would believe.
func whole(answer *smithyhttp.Response) ([]byte, error) {
	var body bytes.Buffer
	if n := answer.ContentLength; n > 0 && n < 1<<20 {
		body.Grow(int(n) + bytes.MinRead)
	}
	_, err := body.ReadFrom(answer.Body)
	return body.Bytes(), err
}

// said is the error that an answer tells of. What is no JSON comes from
// something between AWS and us.
func said(header http.Header, body []byte) error {
	code, message, err := restjson.GetErrorInfo(json.NewDecoder(bytes.NewReader(body)))
	if err != nil {
		return &smithy.DeserializationError{Err: err}
	}
	if named := header.Get("X-Amzn-ErrorType"); named != "" {
		code = restjson.SanitizeErrorCode(named)
	}
	if code == "" {
		code, message = "UnknownError", "UnknownError"
	}
	return &smithy.GenericAPIError{Code: code, Message: message}
}
