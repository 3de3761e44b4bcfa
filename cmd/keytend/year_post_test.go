package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/notice"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/webhook"
)

const (
	hookHost     = "hooks.example.com"
	hookVariable = "KEYTEND_HOOK_SECRET"
	hookSecret   = "a secret that only the receiver knows"
)

// told is one line of a digest, as it arrived.
type told struct {
	notice.Entry
	to string
	at time.Time
}

// rung is which step of the ladder it is: 14 and 7 days before, and weeks after.
func (e told) rung() string {
	switch left := e.At.Sub(e.at); {
	case e.Kind == notice.Overdue:
		return fmt.Sprint(-left / (7 * policy.Day))
	case e.Kind == notice.DueSoon && left > 7*policy.Day:
		return "first"
	}
	return ""
}

// postbox receives notices.
type postbox struct {
	now  func() time.Time
	down bool // it answers 503

	lock    sync.Mutex
	ids     map[string]bool
	told    []told
	seen    int      // of told, by people
	days    []string // recipient and day of each digest
	trouble error
	text    bytes.Buffer // everything that arrived
}

// take is the receiver: it checks what it gets, and takes an ID once.
func (p *postbox) take(r *http.Request) (*http.Response, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if p.down {
		return answerTo(r, http.StatusServiceUnavailable), nil
	}
	p.trouble = errors.Join(p.trouble, webhook.Verify(hookSecret, r.Header, body, p.now(), time.Minute))
	if id := r.Header.Get(webhook.IDHeader); !p.ids[id] {
		if p.ids == nil {
			p.ids = map[string]bool{}
		}
		p.ids[id] = true
		p.trouble = errors.Join(p.trouble, p.file(body))
	}
	return answerTo(r, http.StatusOK), nil
}

func answerTo(r *http.Request, status int) *http.Response {
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: r}
}

func (p *postbox) file(body []byte) error {
	p.text.Write(body)
	var event struct {
		Subject string
		Data    notice.Digest
	}
	if err := json.Unmarshal(body, &event); err != nil {
		return err
	}
	p.days = append(p.days, event.Data.To+" "+event.Data.Day)
	for _, e := range event.Data.Entries {
		p.told = append(p.told, told{e, event.Data.To, p.now()})
	}
	return nil
}

// read has people read what came since they last did.
func (p *postbox) read(hears func(told)) {
	p.lock.Lock()
	fresh := p.told[p.seen:]
	p.seen = len(p.told)
	p.lock.Unlock()
	for _, e := range fresh {
		hears(e)
	}
}

// says reports whether somebody was told such a thing of a user's key, with a
// word in it.
func (p *postbox) says(kind notice.Kind, account, user, word string) bool {
	for _, e := range p.told {
		if e.Kind == kind && e.Account == account && e.User == user && strings.Contains(strings.Join(e.Reasons, "\n"), word) {
			return true
		}
	}
	return false
}
