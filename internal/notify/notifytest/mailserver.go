// Package notifytest is a mail server for tests: it takes mail on a loopback
// port, with TLS and passwords where that is asked for, and passes nothing on.
package notifytest

import (
	"bufio"
	"crypto/tls"
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

// Rules are what a mail server asks of whoever sends mail. The zero Rules take
// mail from anybody, in the clear.
type Rules struct {
	Certificate    *tls.Certificate // nil: it speaks no TLS
	FromStart      bool             // TLS from the first byte, instead of by STARTTLS
	User, Password string           // wanted before any mail, by AUTH PLAIN or LOGIN; empty: nobody is asked
}

// MailServer collects mails.
type MailServer struct {
	Addr  string
	rules Rules

	listener net.Listener
	mu       sync.Mutex
	mails    []Mail
	refuse   map[string]string // by command in capitals: the answer in place of 250
	clear    strings.Builder   // every line that came without TLS, mails excepted
}

// Listen starts a server on addr that asks nothing; empty: some port of the
// loopback.
func Listen(addr string) (*MailServer, error) { return ListenWith(addr, Rules{}) }

// ListenWith starts a server that has rules.
func ListenWith(addr string, rules Rules) (*MailServer, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &MailServer{Addr: l.Addr().String(), rules: rules, listener: l, refuse: map[string]string{}}
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

// InClear is every command that came without TLS.
func (s *MailServer) InClear() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clear.String()
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
	t := &dialogue{server: s}
	t.over(c, false)
	if s.rules.Certificate != nil && s.rules.FromStart {
		t.secure()
	}
	t.say("220 mail.example.com")
	for {
		line, err := t.lines.ReadString('\n')
		if err != nil {
			return
		}
		t.note(line)
		command := strings.ToUpper(strings.Fields(line + " x")[0])
		if answer := s.refusal(command); answer != "" {
			t.say(answer)
			continue
		}
		if !t.answer(command, line) {
			return
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
