package usage

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/network"
)

// Where says where a spot is: "from the account's NAT gateway nat-0abc
// (203.0.113.7)".
func (s Spot) Where() string {
	first := ""
	if len(s.Sources) > 0 {
		first = s.Sources[0]
	}
	from := first
	if more := len(s.Sources) - 1; more > 0 {
		from += fmt.Sprintf(" and %s more", number(int64(more)))
	}
	switch s.Network.Kind {
	case network.Own:
		return "from the account's " + s.Network.Who + apart(from, s.Network.Who)
	case network.Endpoint:
		return "through VPC endpoint " + s.Network.Who
	case network.Service:
		if s.Agent.Program == s.Network.Who {
			return "on somebody's behalf"
		}
		return "by way of " + s.Network.Who
	case network.AWS:
		return "from AWS" + s.inAWS() + " (" + from + ")"
	case network.Runner:
		return "from " + s.Network.Who + " (" + from + ")"
	case network.Private:
		return "from a private network (" + from + ")"
	case network.Unknown:
		return "from an address that wasn't recorded"
	}
	if first == Anywhere {
		return "from very many networks"
	}
	return "from " + from
}

// apart is the address in parentheses, unless the name says it already.
func apart(from, name string) string {
	if strings.Contains(name, from) {
		return ""
	}
	return " (" + from + ")"
}

func (s Spot) inAWS() string {
	text := ""
	if s.Network.Service != "" && s.Network.Service != "AMAZON" {
		text = ", " + s.Network.Service
	}
	if s.Network.Region != "" {
		text += " in " + s.Network.Region
	}
	return text
}

// Sentence tells a spot in one sentence, without the full stop's company: it
// begins with the program.
func (s Spot) Sentence(now time.Time) string {
	text := fmt.Sprintf("%s uses it %s for %s", capital(s.Agent.String()), s.Where(), list(s.Services, 4))
	if len(s.Regions) > 0 {
		text += " in " + list(s.Regions, 3)
	}
	if s.Count > 0 {
		text += ": " + calls(s.Count)
	}
	if days := len(s.Days); days > 1 {
		text += fmt.Sprintf(" on %d days since %s", days, s.First.UTC().Format(time.DateOnly))
	}
	text += ", last " + moment(s.Last, now) + s.refused() + "."
	if s.Sessions {
		text += " It makes temporary credentials from the key, whose calls are not seen under its ID."
	}
	return text
}

func (s Spot) refused() string {
	switch s.Denied {
	case 0:
		return ""
	case s.Count:
		return ", all of them denied"
	}
	return fmt.Sprintf(", %s of them denied", number(s.Denied))
}

// moment is a time with how long ago it is.
func moment(t, now time.Time) string {
	return t.UTC().Format("2006-01-02 15:04 MST") + " (" + ago(now.Sub(t)) + ")"
}

func ago(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return "just now"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes ago", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", int(d/time.Hour))
	}
	return fmt.Sprintf("%d days ago", int(d/(24*time.Hour)))
}

func calls(n int64) string {
	if n == 1 {
		return "1 call"
	}
	return number(n) + " calls"
}

// number writes thousands apart: 12,345.
func number(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// list names the first few: "ec2, iam and s3", "ec2, iam and 4 more".
func list(names []string, few int) string {
	if len(names) > few {
		return strings.Join(names[:few-1], ", ") + fmt.Sprintf(" and %d more", len(names)-few+1)
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

func capital(text string) string {
	if text == "" || text[0] < 'a' || text[0] > 'z' || strings.HasPrefix(text, "aws") {
		return text
	}
	for _, word := range []string{"a ", "an ", "the ", "keytend"} {
		if strings.HasPrefix(text, word) {
			return strings.ToUpper(text[:1]) + text[1:]
		}
	}
	return text // a program's own name
}
