package notifytest

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
)

// dialogue is one connection to the server.
type dialogue struct {
	server *MailServer
	conn   net.Conn
	lines  *bufio.Reader
	secret bool // TLS
	known  bool // the password was right
	to     []string
}

// over goes on over a connection.
func (t *dialogue) over(c net.Conn, secret bool) {
	t.conn, t.lines, t.secret = c, bufio.NewReader(c), secret
}

func (t *dialogue) secure() {
	t.over(tls.Server(t.conn, &tls.Config{Certificates: []tls.Certificate{*t.server.rules.Certificate}, MinVersion: tls.VersionTLS12}), true)
}

func (t *dialogue) say(line string) { _, _ = fmt.Fprintf(t.conn, "%s\r\n", line) }

// note keeps what anybody on the way could read.
func (t *dialogue) note(line string) {
	if !t.secret {
		t.server.mu.Lock()
		defer t.server.mu.Unlock()
		t.server.clear.WriteString(line)
	}
}

// answer answers one command; false: the talk is over.
func (t *dialogue) answer(command, line string) bool {
	switch command {
	case "EHLO", "HELO":
		t.greet()
	case "STARTTLS":
		if t.server.rules.Certificate == nil || t.secret {
			t.say("502 no")
			return true
		}
		t.say("220 go on")
		t.secure()
	case "AUTH":
		t.auth(strings.Fields(line))
	case "MAIL":
		if t.server.rules.User != "" && !t.known {
			t.say("530 5.7.0 who are you?")
			return true
		}
		t.say("250 fine")
	case "RCPT":
		_, address, _ := strings.Cut(line, ":")
		t.to = append(t.to, strings.Trim(strings.TrimSpace(address), "<>"))
		t.say("250 fine")
	case "DATA":
		t.say("354 go on")
		t.server.take(t.lines, t.to)
		t.to = nil
		t.say("250 taken")
	case "QUIT":
		t.say("221 bye")
		return false
	default:
		t.say("250 fine")
	}
	return true
}

// greet offers what the rules have, a password under TLS alone.
// RFC 3207, RFC 4954.
func (t *dialogue) greet() {
	var offers []string
	if t.server.rules.Certificate != nil && !t.secret {
		offers = append(offers, "STARTTLS")
	}
	if t.server.rules.User != "" && t.secret {
		offers = append(offers, "AUTH PLAIN LOGIN")
	}
	offers = append([]string{"mail.example.com"}, offers...)
	for i, offer := range offers {
		between := "-"
		if i == len(offers)-1 {
			between = " "
		}
		t.say("250" + between + offer)
	}
}

// auth hears AUTH PLAIN (RFC 4616) and AUTH LOGIN.
func (t *dialogue) auth(words []string) {
	heard := func(text string) string {
		plain, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		return string(plain)
	}
	asked := func(prompt string) string {
		t.say("334 " + base64.StdEncoding.EncodeToString([]byte(prompt)))
		line, _ := t.lines.ReadString('\n')
		t.note(line)
		return heard(line)
	}
	var user, password string
	switch {
	case len(words) == 3 && words[1] == "PLAIN":
		parts := strings.Split(heard(words[2])+"\x00\x00", "\x00")
		user, password = parts[1], parts[2]
	case len(words) >= 2 && words[1] == "LOGIN":
		user, password = asked("Username:"), asked("Password:")
	}
	if t.known = t.secret && user == t.server.rules.User && password == t.server.rules.Password; !t.known {
		t.say("535 5.7.8 no")
		return
	}
	t.say("235 2.7.0 welcome")
}
