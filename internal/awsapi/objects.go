package awsapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Object reads an object of S3 (s3:GetObject), in whatever region its bucket is.
// read gets it as it comes and must be done with it when it returns; it is
// called again, from the beginning, where the network broke off. Its own error
// comes back as it is.
func (s *Session) Object(ctx context.Context, bucket, key string, read func(io.Reader) error) error {
	var misread error
	call := wireCall{
		service: "S3", host: "s3", action: "GetObject", method: http.MethodGet, path: objectPath(bucket, key),
		read: func(body io.Reader) (err error) {
			err, misread = brokenOff(body, read)
			return err
		},
	}
	if err := s.inBucket(ctx, bucket, call); err != nil {
		return s.fail("s3:GetObject", err)
	}
	return misread
}

// objectPath escapes a key as its signature does, its slashes left alone.
func objectPath(bucket, key string) string {
	parts := strings.Split(bucket+"/"+key, "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(part), "+", "%20")
	}
	return strings.Join(parts, "/")
}

// bucketRegion is where a refusal sends us; empty: nowhere else.
func bucketRegion(err error) string {
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil || answer.Response.Response == nil {
		return ""
	}
	return answer.Response.Header.Get("X-Amz-Bucket-Region")
}

// brokenOff tells the network's error from that of who reads.
func brokenOff(body io.Reader, read func(io.Reader) error) (broke, misread error) {
	watched := &watchedReader{body: body}
	misread = read(watched)
	if watched.broke != nil {
		return &smithyhttp.RequestSendError{Err: watched.broke}, nil
	}
	return nil, misread
}

type watchedReader struct {
	body  io.Reader
	broke error
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.broke = err
	}
	return n, err
}
