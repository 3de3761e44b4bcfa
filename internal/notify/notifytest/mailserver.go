// Package notifytest is a mail server for tests: it takes mail on a loopback
// port, speaks no TLS, and passes nothing on.
package notifytest

import (
	"bufio"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
)

// Mail is one mail as it arrived.
type Mail struct {
	To        []string // of the envelope
	Subject   string
	MessageID string
	Text      string
	HTML      string
}

// MailServer collects mails.
type MailServer struct {
	Addr string

	listener net.Listener
	mu       sync.Mutex
	mails    []Mail
	refuse   map[string]string // by command in capitals: the answer in place of 250
}

// Listen starts a server on addr; empty: some port of the loopback.
func Listen(addr string) (*MailServer, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &MailServer{Addr: l.Addr().String(), listener: l, refuse: map[string]string{}}
	go s.serve()
	return s, nil
}

// Close ends it: nobody listens any more.
func (s *MailServer) Close() { _ = s.listener.Close() }

// Refuse has a command (RCPT, DATA, …) answered with a line, until it is
// empty.
func (s *MailServer) Refuse(command, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse[command] = line
}

// Take returns the mails that have come since the last look.
func (s *MailServer) Take() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	mails := s.mails
	s.mails = nil
	return mails
}

func (s *MailServer) serve() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		go s.talk(c)
	}
}

func (s *MailServer) talk(c net.Conn) {
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	say := func(line string) { _, _ = fmt.Fprintf(c, "%s\r\n", line) }
	say("220 mail.example.com")
	var to []string
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		command := strings.ToUpper(strings.Fields(line + " x")[0])
		if answer := s.refusal(command); answer != "" {
			say(answer)
			continue
		}
		switch command {
		case "EHLO", "HELO":
			say("250 mail.example.com")
		case "RCPT":
			_, address, _ := strings.Cut(line, ":")
			to = append(to, strings.Trim(strings.TrimSpace(address), "<>"))
			say("250 fine")
		case "DATA":
			say("354 go on")
			s.take(r, to)
			to = nil
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

func (s *MailServer) refusal(command string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refuse[command]
}

func (s *MailServer) take(r *bufio.Reader, to []string) {
	var text strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil || line == ".\r\n" {
			break
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
	m := read(text.String())
	m.To = to
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
}

func read(text string) Mail {
	letter, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return Mail{Text: text}
	}
	var words mime.WordDecoder
	subject, _ := words.DecodeHeader(letter.Header.Get("Subject"))
	m := Mail{Subject: subject, MessageID: strings.Trim(letter.Header.Get("Message-ID"), "<>")}
	kind, params, _ := mime.ParseMediaType(letter.Header.Get("Content-Type"))
	if !strings.HasPrefix(kind, "multipart/") {
		m.Text = decoded(letter.Body, letter.Header.Get("Content-Transfer-Encoding"))
		return m
	}
	parts := multipart.NewReader(letter.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return m
		}
		body := decoded(part, part.Header.Get("Content-Transfer-Encoding"))
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			m.HTML = body
		} else {
			m.Text = body
		}
	}
}

func decoded(r io.Reader, encoding string) string {
	if strings.EqualFold(encoding, "quoted-printable") {
		r = quotedprintable.NewReader(r)
	}
	b, _ := io.ReadAll(r)
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}
