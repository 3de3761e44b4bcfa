package awsapi

import (
	"errors"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// largestAnswer is more than AWS ever sends: a page of account details has some
// megabytes.
const largestAnswer = 64 << 20

// errTooLarge is an answer that no AWS gives.
var errTooLarge = errors.New("the answer has more than 64 MiB: what is asked is not AWS, or a broken proxy")

// bounded cuts answers off, unpacked as they are read: whoever sits at an
// endpoint could take all memory by a few packed kilobytes.
type bounded struct{ next aws.HTTPClient }

// boundedAnswers bounds a client's answers; nil: the SDK's own is left to it.
func boundedAnswers(next aws.HTTPClient) aws.HTTPClient {
	if next == nil {
		return nil
	}
	return bounded{next}
}

// Do implements aws.HTTPClient.
func (b bounded) Do(r *http.Request) (*http.Response, error) {
	answer, err := b.next.Do(r)
	if answer != nil && answer.Body != nil {
		answer.Body = &boundedBody{answer.Body, largestAnswer}
	}
	return answer, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
