package awsapi

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// wireCall is a call to a service of which a few actions are needed and whose
// own client is a hundred times their size: that of Systems Manager alone would
// be a tenth of the whole program. It goes through the SDK's own steps: retries,
// signature, errors.
type wireCall struct {
	service string // the SDK's name, by which endpoints are configured: "Config Service"
	host    string // its name in host names and signatures: "config"
	action  string
	target  string // of JSON 1.1, before the action: "StarlingDoveService"; empty: another protocol
	region  string // empty: the session's
	method  string // empty: POST
	path    string // with its query, escaped; empty: /
	content string // type of the body
	body    []byte

	careful bool      // tried again only after a refusal, see onlyAfterRefusal
	until   time.Time // not to be signed from then on, by AWS's clock; zero: no bound

	// read takes an answer of success. It is called again with another answer
	// where the network broke off the one before, which it tells by a
	// RequestSendError.
	read func(io.Reader) error
}

// wire makes a call. Its errors are those of an SDK's client.
func (s *Session) wire(ctx context.Context, c wireCall) error {
	under := underway{c, s, s.regional(c.region)}
	stack, err := under.stack()
	if err == nil {
		ctx = middleware.ClearStackValues(ctx)
		_, _, err = middleware.DecorateHandler(smithyhttp.NewClientHandlerWithOptions(under.config.HTTPClient), stack).Handle(ctx, nil)
	}
	if err != nil {
		return &smithy.OperationError{ServiceID: c.service, OperationName: c.action, Err: err}
	}
	return nil
}

// underway is a call that is being made.
type underway struct {
	wireCall
	session *Session
	config  aws.Config // of its region
}

// stack are the steps of a call, in the SDK's order and under its names.
func (u underway) stack() (*middleware.Stack, error) {
	stack := middleware.NewStack(u.action, smithyhttp.NewStackRequest)
	steps := []func(*middleware.Stack) error{
		func(s *middleware.Stack) error { return s.Initialize.Add(u.metadata(), middleware.After) },
		func(s *middleware.Stack) error { return s.Serialize.Add(u.writing(), middleware.After) },
		awsmiddleware.AddClientRequestIDMiddleware,
		awsmiddleware.AddSDKAgentKeyValue(awsmiddleware.APIMetadata, u.host, aws.SDKVersion),
		u.application,
		func(s *middleware.Stack) error {
			return s.Finalize.Add(retry.NewAttemptMiddleware(u.retryer(), smithyhttp.RequestCloner, u.clock), middleware.After)
		},
		func(s *middleware.Stack) error { return s.Finalize.Add(&v4.ComputePayloadSHA256{}, middleware.After) },
		func(s *middleware.Stack) error { return s.Finalize.Add(u.signing(), middleware.After) },
		func(s *middleware.Stack) error { return s.Deserialize.Add(u.reading(), middleware.After) },
		awsmiddleware.AddRequestIDRetrieverMiddleware,
		awshttp.AddResponseErrorMiddleware,
		awsmiddleware.AddRecordResponseTiming,
	}
	steps = append(steps, u.config.APIOptions...)
	steps = append(steps, u.session.signedBefore(u.until)...)
	for _, add := range steps {
		if err := add(stack); err != nil {
			return nil, err
		}
	}
	return stack, nil
}

func (u underway) retryer() aws.Retryer {
	return u.session.retrying(u.config.Region, u.host+":"+u.action, u.careful)
}

// clock signs by AWS's clock as far as it is known. Without, the SDK takes a
// denial for the fault of a clock that is off, and asks again.
func (u underway) clock(a *retry.Attempt) {
	off, _ := u.session.SkewAt()
	a.ClientSkew = new(atomic.Int64)
	a.ClientSkew.Store(int64(off))
}

func (u underway) metadata() middleware.InitializeMiddleware {
	return &awsmiddleware.RegisterServiceMetadata{ServiceID: u.service, SigningName: u.host, Region: u.config.Region, OperationName: u.action}
}

func (u underway) application(stack *middleware.Stack) error {
	if u.config.AppID == "" {
		return nil
	}
	return awsmiddleware.AddSDKAgentKey(awsmiddleware.ApplicationIdentifier, u.config.AppID)(stack)
}

// writing makes the request.
func (u underway) writing() middleware.SerializeMiddleware {
	return middleware.SerializeMiddlewareFunc("OperationSerializer",
		func(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (out middleware.SerializeOutput, metadata middleware.Metadata, err error) {
			request, ok := in.Request.(*smithyhttp.Request)
			if !ok {
				return out, metadata, fmt.Errorf("no HTTP request but %T", in.Request)
			}
			if request.URL, err = u.url(ctx); err != nil {
				return out, metadata, fmt.Errorf("resolve endpoint: %w", err)
			}
			request.Method = cmp.Or(u.method, http.MethodPost)
			if u.target != "" {
				request.Header.Set("X-Amz-Target", u.target+"."+u.action)
			}
			if u.body == nil {
				return next.HandleSerialize(ctx, in)
			}
			request.Header.Set("Content-Type", u.content)
			if in.Request, err = request.SetStream(bytes.NewReader(u.body)); err != nil {
				return out, metadata, &smithy.SerializationError{Err: err}
			}
			return next.HandleSerialize(ctx, in)
		})
}

// signing signs by AWS's clock, as far as its answers have told it.
func (u underway) signing() middleware.FinalizeMiddleware {
	return middleware.FinalizeMiddlewareFunc("Signing",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
			request, ok := in.Request.(*smithyhttp.Request)
			if !ok {
				return out, metadata, fmt.Errorf("no HTTP request but %T", in.Request)
			}
			if err := u.sign(ctx, request.Request); err != nil {
				return out, metadata, &v4.SigningError{Err: err}
			}
			return next.HandleFinalize(ctx, in)
		})
}

func (u underway) sign(ctx context.Context, request *http.Request) error {
	key, err := u.config.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("get credentials: %w", err)
	}
	hash := v4.GetPayloadHash(ctx)
	isS3 := u.host == "s3" // whose signatures alone name the body's hash, and whose paths are escaped once
	if isS3 {
		request.Header.Set("X-Amz-Content-Sha256", hash)
	}
	return u.session.signer.SignHTTP(ctx, key, request, hash, u.host, u.config.Region, u.session.Now(), func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = isS3
	})
}

// reading reads the answer.
func (u underway) reading() middleware.DeserializeMiddleware {
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
			if answer.StatusCode < 200 || answer.StatusCode >= 300 {
				return out, metadata, refusal(answer)
			}
			return out, metadata, u.read(answer.Body)
		})
}
