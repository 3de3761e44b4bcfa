package awsapi

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// narrow lets so many requests be in flight at once and no more: thousands of
// connections would cost memory, and file descriptors that few systems give.
type narrow struct {
	next  aws.HTTPClient
	slots chan struct{}
}

// narrowed bounds the requests of a client; 0: no bound.
func narrowed(next aws.HTTPClient, inFlight int) aws.HTTPClient {
	if inFlight <= 0 || next == nil {
		return next
	}
	return narrow{next, make(chan struct{}, inFlight)}
}

// Do implements aws.HTTPClient. A request gives its place back when its answer
// begins.
func (n narrow) Do(r *http.Request) (*http.Response, error) {
	if err := n.take(r.Context()); err != nil {
		return nil, err
	}
	defer func() { <-n.slots }()
	return n.next.Do(r)
}

func (n narrow) take(ctx context.Context) error {
	select {
	case n.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
