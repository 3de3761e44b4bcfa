package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/keytend/keytend/internal/notice"
)

// mailer sends mail to each owner.
//
//	smtp://user:password@mail.example.com:587/?from=keytend@example.com
//
// smtp:// wants STARTTLS, smtps:// TLS from the start. In the query: from;
// starttls=required (default), try or never; to, where everything goes to one
// address instead of to each owner's; domains, where owners elsewhere are not
// written to: whoever may tag a user names its owner.
type mailer struct {
	host     string
	options  []mail.Option
	from     *netmail.Address
	to       []*netmail.Address // instead of the owner
	domains  []string           // of owners; none: any
	now      func() time.Time
	password string
}

var startTLS = map[string]mail.TLSPolicy{"": mail.TLSMandatory, "required": mail.TLSMandatory, "try": mail.TLSOpportunistic, "never": mail.NoTLS}

// newMail reads the URL. No error repeats it.
func newMail(rawURL string, s Surroundings) (Channel, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("mail: want smtp://user:password@host:587/?from=keytend@example.com")
	}
	m := &mailer{host: u.Hostname(), now: s.Now}
	m.password, _ = u.User.Password()
	wrong := func(what string) error { return fmt.Errorf("mail through %s: %s", m.host, what) }
	if m.from, err = netmail.ParseAddress(first(u.Query(), "from", "fromaddress")); err != nil {
		return nil, wrong("its URL has no ?from= with the address that mails come from")
	}
	if to := first(u.Query(), "to", "toaddresses"); to != "" {
		if m.to, err = netmail.ParseAddressList(to); err != nil {
			return nil, wrong("?to= is no list of addresses")
		}
	}
	m.domains = strings.FieldsFunc(strings.ToLower(u.Query().Get("domains")), func(r rune) bool { return r == ',' || r == ' ' })
	policy, known := startTLS[u.Query().Get("starttls")]
	if !known {
		return nil, wrong("starttls: want required, try or never")
	}
	m.options, err = m.optionsOf(u, policy, s.Roots)
	if err != nil {
		return nil, wrong("its port is no number")
	}
	return m, nil
}

func (m *mailer) optionsOf(u *url.URL, policy mail.TLSPolicy, roots *x509.CertPool) ([]mail.Option, error) {
	port, options := 587, []mail.Option{mail.WithTLSPolicy(policy), mail.WithTimeout(patience)}
	if strings.EqualFold(u.Scheme, "smtps") {
		port, options = 465, append(options, mail.WithSSL())
	}
	if roots != nil {
		options = append(options, mail.WithTLSConfig(&tls.Config{ServerName: m.host, RootCAs: roots, MinVersion: tls.VersionTLS12}))
	}
	if u.Port() != "" {
		var err error
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, err
		}
	}
	if u.User != nil && u.User.Username() != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(u.User.Username()), mail.WithPassword(m.password))
	}
	return append(options, mail.WithPort(port)), nil
}

func first(q url.Values, names ...string) string {
	for _, name := range names {
		if v := q.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// Name implements Channel.
func (m *mailer) Name() string { return "mail through " + m.host }

// Reaches implements Addressed.
func (m *mailer) Reaches(to string) bool {
	if len(m.to) > 0 {
		return true
	}
	a, err := netmail.ParseAddress(to)
	if err != nil || len(m.domains) == 0 {
		return err == nil
	}
	return slices.Contains(m.domains, strings.ToLower(a.Address[strings.LastIndex(a.Address, "@")+1:]))
}

// Send implements Channel. The ID is the mail's Message-ID, by which mail
// programs show a repeat once.
func (m *mailer) Send(ctx context.Context, message notice.Message) error {
	letter, err := m.write(message)
	if err != nil {
		return fmt.Errorf("%s: %w", m.Name(), err)
	}
	client, err := mail.NewClient(m.host, m.options...)
	if err != nil {
		return fmt.Errorf("%s: %w", m.Name(), err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, letter); err != nil {
		return m.failure(err)
	}
	return nil
}

func (m *mailer) write(message notice.Message) (*mail.Msg, error) {
	to := m.to
	if len(to) == 0 {
		address, err := netmail.ParseAddress(message.To)
		if err != nil || !m.Reaches(message.To) {
			return nil, fmt.Errorf("%q is no mail address that may be written to: %w", message.To, ErrRefused)
		}
		to = []*netmail.Address{address}
	}
	letter := mail.NewMsg()
	letter.FromMailAddress(m.from)
	letter.ToMailAddress(to...)
	letter.Subject(oneLine(message.Title))
	letter.SetMessageIDWithValue(message.ID + "@keytend")
	letter.SetDateWithValue(m.now())
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday replies
	letter.SetBodyString(mail.TypeTextPlain, message.Text)
	if message.HTML != "" {
		letter.AddAlternativeString(mail.TypeTextHTML, message.HTML)
	}
	return letter, nil
}

// failure: what the server says about this sender, recipient or text for good is
// refused; all else, a wrong password too, may be right tomorrow.
func (m *mailer) failure(err error) error {
	text := err.Error()
	if m.password != "" {
		text = strings.ReplaceAll(text, m.password, hidden)
	}
	var sent *mail.SendError
	if errors.As(err, &sent) && !sent.IsTemp() && sent.ErrorCode() >= 500 {
		switch sent.Reason {
		case mail.ErrSMTPMailFrom, mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose:
			return fmt.Errorf("%s: %s: %w", m.Name(), text, ErrRefused)
		}
	}
	return fmt.Errorf("%s: %s", m.Name(), text)
}
