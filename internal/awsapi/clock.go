package awsapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// warnSkew is the difference of clocks from which on the user is told. AWS
// refuses signatures from about five minutes on.
const warnSkew = time.Minute

// clock keeps the bounds within which AWS's clock differs from the host's.
// Each answer's Date header narrows them; an answer that contradicts them means
// that one of the clocks was set, and begins anew.
type clock struct {
	log *slog.Logger

	lock      sync.Mutex
	known     bool
	warned    bool
	told      time.Time     // the host's moment of the latest answer
	low, high time.Duration // AWS's time − host's time is between these
	steady    time.Duration // the difference within the bounds that time is told by
	shown     time.Time     // the latest time told within these bounds
}

// slack is how much time may stand still when the bounds narrow: they begin as
// wide as the second that the Date header cuts off, and one call.
const slack = 5 * time.Second

// observe takes one answer: AWS wrote date (whole seconds, cut off) somewhere
// between the host's moments sent and received.
func (c *clock) observe(date, sent, received time.Time) {
	low, high := date.Sub(received.Round(0)), date.Add(time.Second).Sub(sent.Round(0))
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.known && max(low, c.low) <= min(high, c.high) {
		low, high = max(low, c.low), min(high, c.high)
	} else {
		c.shown = time.Time{}
	}
	c.low, c.high, c.known, c.told = low, high, true, received
	c.steady = c.settle(c.steady)
	if offset := c.offset(); offset.Abs() > warnSkew && !c.warned {
		c.warned = true
		c.log.Warn(fmt.Sprintf("this computer's clock is %s away from AWS's; ages are told by AWS's", offset.Abs().Round(time.Second)))
	}
}

// offset is the difference nearest to none that fits every answer.
func (c *clock) offset() time.Duration {
	switch {
	case !c.known || c.low <= 0 && c.high >= 0:
		return 0
	case c.low > 0:
		return c.low
	default:
		return c.high
	}
}

// settle returns the difference to tell time by. It stays while it fits, and
// otherwise begins at the lower bound, which only rises: were it the upper one,
// which falls as fast as time goes by, time would stand still or go back where
// the host's clock is ahead.
func (c *clock) settle(steady time.Duration) time.Duration {
	if c.low <= steady && steady <= c.high {
		return steady
	}
	if c.low <= 0 && c.high >= 0 {
		return 0
	}
	return c.low
}

// now never goes back while the bounds only narrow: what was seen a moment ago
// would seem to be yet to come. Only a clock that was set sets it back.
func (c *clock) now() time.Time { return c.at(time.Now()) }

func (c *clock) at(host time.Time) time.Time {
	c.lock.Lock()
	defer c.lock.Unlock()
	now := host.Round(0).Add(c.steady).UTC()
	if now.Before(c.shown) && c.shown.Sub(now) <= slack {
		return c.shown
	}
	c.shown = now
	return now
}

func (c *clock) latest() time.Time {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.told
}

func (c *clock) skew() (time.Duration, bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.offset().Round(time.Second), c.known
}

// readDates shows the clock the Date header of every attempt's answer, refusals
// included.
func readDates(c *clock) func(*middleware.Stack) error {
	read := middleware.DeserializeMiddlewareFunc("keytend:readDates",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			sent := time.Now()
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if answer, ok := out.RawResponse.(*smithyhttp.Response); ok && answer != nil {
				c.read(answer.Header, sent, time.Now())
			}
			return out, metadata, err
		})
	return func(stack *middleware.Stack) error { return stack.Deserialize.Add(read, middleware.After) }
}

// read takes one answer's headers. An Age header means that a cache answered.
func (c *clock) read(header http.Header, sent, received time.Time) {
	date, err := http.ParseTime(header.Get("Date"))
	if err == nil && header.Get("Age") == "" {
		c.observe(date, sent, received)
	}
}
