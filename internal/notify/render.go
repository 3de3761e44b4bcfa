package notify

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	html "html/template"
	"io/fs"
	"strings"
	text "text/template"
	"time"
	"unicode"

	"github.com/keytend/keytend/internal/notice"
)

//go:embed templates
var builtIn embed.FS

// Templates turn a digest into words: title.txt and digest.txt (text/template),
// digest.html (html/template). Each gets a View.
type Templates struct {
	title, body *text.Template
	page        *html.Template
}

// View is what templates get.
type View struct {
	notice.Digest
	Keys   int // how many keys it is about
	Groups []Group
}

// Group is the entries of one kind.
type Group struct {
	Kind    notice.Kind
	Heading string
	Entries []notice.Entry
}

var headings = map[notice.Kind]string{
	notice.Blocked:     "A decision is needed",
	notice.StillUsed:   "Still used at the end of the overlap",
	notice.Deactivated: "Switched off",
	notice.Overdue:     "Overdue",
	notice.DueNow:      "Due",
	notice.Waiting:     "Waits longer than it should",
	notice.Noticed:     "Will be switched off",
	notice.DueSoon:     "Due soon",
}

// DefaultTemplates are the ones built in.
func DefaultTemplates() Templates {
	t, err := ParseTemplates(nil)
	if err != nil {
		panic(err) // a test renders them
	}
	return t
}

// ParseTemplates reads templates from a folder; where it lacks one, and where
// folder is nil, the built-in one stands in. Each is tried on an example, so
// that a misspelt field is told now and not when somebody is to be told.
func ParseTemplates(folder fs.FS) (Templates, error) {
	var t Templates
	var err [3]error
	functions := map[string]any{"day": func(at time.Time) string { return at.UTC().Format(time.DateOnly) }, "count": counted}
	t.title, err[0] = text.New("title.txt").Funcs(functions).Parse(sourceOf(folder, "title.txt"))
	t.body, err[1] = text.New("digest.txt").Funcs(functions).Parse(sourceOf(folder, "digest.txt"))
	t.page, err[2] = html.New("digest.html").Funcs(functions).Parse(sourceOf(folder, "digest.html"))
	if err := errors.Join(err[:]...); err != nil {
		return t, fmt.Errorf("read templates: %w", err)
	}
	if _, err := t.Render(Example(time.Unix(0, 0))); err != nil {
		return t, err
	}
	return t, nil
}

func sourceOf(folder fs.FS, name string) string {
	if folder != nil {
		if b, err := fs.ReadFile(folder, name); err == nil {
			return string(b)
		}
	}
	b, err := builtIn.ReadFile("templates/" + name)
	if err != nil {
		panic(err) // embedded
	}
	return string(b)
}

// Render writes a digest as a message; ID is left to the caller.
func (t Templates) Render(d notice.Digest) (notice.Message, error) {
	m := notice.Message{To: d.To}
	v := viewOf(d)
	var title, body, page bytes.Buffer
	if err := errors.Join(t.title.Execute(&title, v), t.body.Execute(&body, v), t.page.Execute(&page, v)); err != nil {
		return m, fmt.Errorf("write notice: %w", err)
	}
	data, err := json.Marshal(struct {
		Schema string `json:"schema"`
		notice.Digest
	}{EventType, d})
	if err != nil {
		return m, fmt.Errorf("write notice: %w", err)
	}
	m.Title, m.Text, m.HTML, m.Data = oneLine(printable(title.String())), printable(body.String()), page.String(), data
	if d.Test {
		m = marked(m)
	}
	return m, nil
}

func viewOf(d notice.Digest) View {
	v := View{Digest: d}
	keys := map[string]bool{}
	for _, e := range d.Entries {
		keys[e.Account+"/"+e.User+"/"+e.Key] = true
		if n := len(v.Groups); n == 0 || v.Groups[n-1].Kind != e.Kind {
			v.Groups = append(v.Groups, Group{Kind: e.Kind, Heading: headings[e.Kind]})
		}
		g := &v.Groups[len(v.Groups)-1]
		g.Entries = append(g.Entries, shown(e))
	}
	v.Keys = len(keys)
	return v
}

// shown keeps other people's text (tags, names) from being obeyed by terminals
// and from running from left to right and back.
func shown(e notice.Entry) notice.Entry {
	for _, s := range []*string{&e.Account, &e.Name, &e.User, &e.Key, &e.Owner, &e.Says, &e.Do, &e.Command} {
		*s = oneLine(printable(*s))
	}
	reasons := make([]string, len(e.Reasons))
	for i, r := range e.Reasons {
		reasons[i] = oneLine(printable(r))
	}
	e.Reasons = reasons
	return e
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, strings.ReplaceAll(s, "\r\n", "\n"))
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// marked says on top of a message, whatever its template, that it is a test.
func marked(m notice.Message) notice.Message {
	const words = "This is a test of keytend's notices: nothing has happened, and nothing needs to be done."
	m.Title, m.Text = "[TEST] "+m.Title, words+"\n\n"+m.Text
	head, body := "", m.HTML
	if i := strings.Index(body, "<body"); i >= 0 {
		if j := strings.IndexByte(body[i:], '>'); j >= 0 {
			head, body = body[:i+j+1], body[i+j+1:]
		}
	}
	m.HTML = head + "<p><strong>" + html.HTMLEscapeString(words) + "</strong></p>" + body
	return m
}

// Example is a test with an entry of each kind, about nobody.
func Example(at time.Time) notice.Digest {
	d := notice.Digest{To: "ana@example.com", Day: at.UTC().Format(time.DateOnly), At: at, Test: true}
	for _, k := range notice.Kinds() {
		d.Entries = append(d.Entries, notice.Entry{
			Kind: k, Account: "123456789012", User: "ana", Key: "AKIAIOSFODNN7EXAMPLE", Owner: "ana@example.com",
			Says: "this is an example: nothing has happened", Reasons: []string{"a test of the channels"}, Do: "nothing needs to be done",
			Command: "keytend help notify", At: at,
		})
	}
	return d
}
