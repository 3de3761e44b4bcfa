package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keytend/keytend/internal/gate"
	"github.com/keytend/keytend/internal/notify/notifytest"
	"github.com/keytend/keytend/internal/webhook"
)

// mail starts or ends a mail server, always on the same port; MAIL_URL names it.
//
//	mail up
//	mail down
//	mail refuse RCPT '550 no such user'
func (s *story) mail(ts *testscript.TestScript, args []string) {
	switch {
	case len(args) == 1 && args[0] == "up":
		server, err := notifytest.Listen(s.mailAddr)
		ts.Check(err)
		s.mailServer, s.mailAddr = server, server.Addr
		ts.Defer(server.Close)
		ts.Setenv("MAIL_URL", "smtp://"+server.Addr+"/?from=keytend@example.com&starttls=never")
	case len(args) == 1 && args[0] == "down":
		s.mailServer.Close()
	case len(args) == 3 && args[0] == "refuse":
		s.mailServer.Refuse(args[1], args[2])
	default:
		ts.Fatalf("usage: mail up|down|refuse COMMAND LINE")
	}
}

// mute takes connections and never says a word: MAIL_URL names it. Whoever
// connects is told to asked.
func (s *story) mute(ts *testscript.TestScript, _ []string) {
	s.held.Store(0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
	ts.Setenv("MAIL_URL", "smtp://"+listener.Addr().String()+"/?from=keytend@example.com&starttls=never")
	go func() {
		for {
			if _, err := listener.Accept(); err != nil {
				return
			}
			s.held.Add(1)
		}
	}()
}

// mails checks the mails since the last look: mails 2 TEXT… with each TEXT in one
// of them, envelope, subject, text or HTML.
func (s *story) mails(ts *testscript.TestScript, args []string) {
	var got []string
	for _, m := range s.mailServer.Take() {
		got = append(got, fmt.Sprintf("To: %s\nMessage-ID: %s\nSubject: %s\n\n%s\n%s", strings.Join(m.To, ","), m.MessageID, m.Subject, m.Text, m.HTML))
	}
	s.compare(ts, "mails", got, args)
}

func (s *story) compare(ts *testscript.TestScript, things string, got, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: %s COUNT [TEXT...]", things)
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if len(got) != want {
		ts.Fatalf("%d %s, want %d:\n%s", len(got), things, want, strings.Join(got, "\n---\n"))
	}
	for _, text := range args[1:] {
		if !strings.Contains(strings.Join(got, "\n---\n"), text) {
			ts.Fatalf("no %q in\n%s", text, strings.Join(got, "\n---\n"))
		}
	}
}

// webhook starts a receiver of signed events; WEBHOOK_URL names it: webhook
// SECRET. What is not signed with the secret fails the story.
func (s *story) webhook(ts *testscript.TestScript, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: webhook SECRET")
	}
	receiver := serve(ts, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unsigned = errors.Join(s.unsigned, webhook.Verify(args[0], r.Header, body, time.Now(), time.Minute))
		s.messages = append(s.messages, string(body))
	}))
	ts.Setenv("WEBHOOK_URL", receiver.URL+"/hook")
}

// signed fails the story where anything came that was not signed.
func (s *story) signed(ts *testscript.TestScript, _ []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ts.Check(s.unsigned)
}

// board is change management: GATE_URL names it. It answers all questions alike,
// until it is given another answer.
//
//	board s3cr3t deny CHG0030001 'freeze at the bank'
func (s *story) board(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: board SECRET DECISION [TICKET [REASON]]")
	}
	answer := map[string]string{"decision": args[1]}
	for i, name := range []string{"ticket", "reason"} {
		if len(args) > i+2 {
			answer[name] = args[i+2]
		}
	}
	s.mu.Lock()
	s.boardSays = answer
	s.mu.Unlock()
	if ts.Getenv("GATE_URL") != "" {
		return
	}
	ts.Setenv("GATE_URL", serve(ts, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var q gate.Question
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unsigned = errors.Join(s.unsigned, webhook.Verify(args[0], r.Header, body, time.Now(), time.Minute), json.Unmarshal(body, &q))
		s.questions = append(s.questions, string(body))
		_ = json.NewEncoder(w).Encode(s.boardSays)
	})).URL)
}

// questions checks what the board was asked since the last look: questions 1
// '"action":"create"'.
func (s *story) questioned(ts *testscript.TestScript, args []string) {
	s.mu.Lock()
	got := s.questions
	s.questions = nil
	s.mu.Unlock()
	s.compare(ts, "questions", got, args)
}

// published checks what the account's topics and buses of a region took, since
// the story began: published us-east-1 2 TEXT….
func (s *story) published(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: published REGION COUNT [TEXT...]")
	}
	var got []string
	for _, p := range s.aws.Published(s.first, args[0]) {
		got = append(got, p.Topic+": "+p.Subject+"\n"+p.Message)
	}
	for _, e := range s.aws.BusEvents(s.first, args[0]) {
		got = append(got, e.Bus+": "+e.DetailType+"\n"+e.Detail)
	}
	s.compare(ts, "messages", got, args[1:])
}
