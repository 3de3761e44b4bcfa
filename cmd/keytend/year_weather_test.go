package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/keytend/keytend/internal/fakeaws"
)

// weather is what goes wrong on a day of the year.
type weather struct {
	fault  func(fakeaws.Call) fakeaws.Fault
	down   bool // the receiver of notices
	ending int  // apply ends at this changing call, and nothing more gets through; 0: it doesn't
}

// weatherOf is a day's. Most are fine.
func (y *year) weatherOf(day int) (w weather) {
	switch {
	case day >= 60 && day < 67:
		w.fault = denied(y.world.accounts[1])
	case day%17 == 5:
		w.fault = everyNth(3, changing, func(fakeaws.Call) fakeaws.Fault { return fakeaws.LoseAnswer() })
	case day%23 == 11:
		w.fault = everyNth(5, func(c fakeaws.Call) bool { return c.Service == "iam" }, faults["throttle"])
	case day%13 == 9:
		w.ending = 1 + day%7
	}
	w.down = day%19 == 3
	return w
}

// denied: an account can't be entered.
func denied(account string) func(fakeaws.Call) fakeaws.Fault {
	return func(c fakeaws.Call) fakeaws.Fault {
		if c.Action == "AssumeRole" && strings.Contains(c.Params.Get("RoleArn"), account) {
			return faults["deny"](c)
		}
		return fakeaws.Proceed()
	}
}

func everyNth(n int, meant func(fakeaws.Call) bool, what func(fakeaws.Call) fakeaws.Fault) func(fakeaws.Call) fakeaws.Fault {
	var lock sync.Mutex
	count := 0
	return func(c fakeaws.Call) fakeaws.Fault {
		if !meant(c) {
			return fakeaws.Proceed()
		}
		lock.Lock()
		defer lock.Unlock()
		if count++; count%n != 0 {
			return fakeaws.Proceed()
		}
		return what(c)
	}
}

// changing are Keytend's calls that change something.
func changing(c fakeaws.Call) bool {
	switch c.Action {
	case "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "TagUser", "UntagUser", "PutSecretValue", "UpdateSecretVersionStage":
		return true
	}
	return false
}

// cut is a way to AWS that ends at the n-th changing call, which is carried out
// for even n: nothing gets through from then on, as if the process were gone.
type cut struct {
	http.RoundTripper
	at     int
	cancel context.CancelFunc

	lock sync.Mutex
	gone bool
	seen int
}

var errGone = errors.New("the process is gone")

func (c *cut) RoundTrip(r *http.Request) (*http.Response, error) {
	last, gone := c.count(r)
	if gone || last && c.at%2 == 1 {
		return nil, errGone
	}
	answer, err := c.RoundTripper.RoundTrip(r)
	if last {
		return nil, errors.Join(errGone, err)
	}
	return answer, err
}

// count reports whether this is the call at which it ends, and whether that
// was before.
func (c *cut) count(r *http.Request) (last, gone bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.gone {
		return false, true
	}
	if !changes(r) {
		return false, false
	}
	if c.seen++; c.seen < c.at {
		return false, false
	}
	c.gone = true
	c.cancel()
	return true, false
}

// changes tells by a request whether it changes a key or a secret.
func changes(r *http.Request) bool { return changing(fakeaws.Call{Action: actionOf(r)}) }

// actionOf is which call a request is; empty: it doesn't say. The request can
// still be sent.
func actionOf(r *http.Request) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, action, _ := strings.Cut(target, ".")
		return action
	}
	if r.Body == nil {
		return ""
	}
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, formErr := url.ParseQuery(string(body))
	if err != nil || formErr != nil {
		return ""
	}
	return form.Get("Action")
}
