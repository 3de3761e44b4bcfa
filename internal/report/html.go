package report

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"iter"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// Pages are single files: no script, nothing loaded from anywhere, and a
// content security policy that forbids both, so that a name that broke out of
// html/template's escaping could still do nothing.
var (
	//go:embed pages
	pageFiles embed.FS
	pages     = template.Must(template.New("").Funcs(template.FuncMap{
		"style":  func() template.CSS { return template.CSS(styleSheet()) }, //nolint:gosec // G203: our own file, embedded
		"policy": contentPolicy,
	}).ParseFS(pageFiles, "pages/*.html"))
)

func styleSheet() string {
	data, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		panic(err) // embedded: can't be missing
	}
	return string(data)
}

// contentPolicy allows our one style sheet by its hash, and nothing else.
func contentPolicy() string {
	sum := sha256.Sum256([]byte(styleSheet()))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

func writePage(w io.Writer, name string, view any) error {
	out := bufio.NewWriter(w)
	if err := pages.ExecuteTemplate(out, name, view); err != nil {
		return fmt.Errorf("write page %s: %w", name, err)
	}
	return out.Flush()
}

// openKeys is how many keys a page shows unfolded.
const openKeys = 100

// The views hold clean text for the templates.
type (
	scanView struct {
		Title, Headline, Where, Limits, Note, Incomplete, Calm, At string
		Tiles                                                      []tileView
		Next                                                       []string
		Histogram                                                  *histogram
		Findings                                                   iter.Seq[findingView]
		Accounts                                                   iter.Seq[accountView]
		Keys                                                       iter.Seq[keyView]
		KeyCount, IDNote, More, LeftOut                            string
		OpenKeys, Several                                          bool
		Failures                                                   []failureView
	}
	tileView struct {
		Name, Number string
		Count        int
	}
	findingView struct {
		Rank                                                             int
		Severity, Rule, User, Account, Owner, Key, Reason, Due, Controls string
		Over                                                             bool
		Evidence                                                         []string
	}
	accountView struct{ Name, Users, Keys, Active, Root, Fresh string }
	keyView     struct{ Account, User, ID, Status, Age, Used, Admin, Owner string }
	failureView struct{ Whose, Call, Error, Hint string }
)

func writeHTML(w io.Writer, s *gist) error {
	sum := s.sum
	view := scanView{
		Title: "Access keys: " + s.headline(), Headline: s.headline(), Where: where(s), At: moment(s.at),
		Limits: limits(s.rules) + " · " + moment(s.at), Note: s.knownNote(),
		Tiles: tiles(s.bySeverity), Next: steps(s), Histogram: s.ages.draw(s.rules.MaxAge), Several: s.several(),
		Findings: findingViews(s), Accounts: accountViews(s), Keys: keyViews(s),
		OpenKeys: sum.Keys <= openKeys, Failures: failureViews(s), Incomplete: s.unread(), LeftOut: s.leftOutNote(),
	}
	if left := s.untold(len(s.findings)); left != "" {
		view.More = left + "; --output json or csv has them all."
	}
	if sum.Keys > 0 && s.whole != nil {
		view.KeyCount, view.IDNote = count(sum.Keys, "key"), listNote(s)
	}
	if s.found == 0 {
		view.Calm = s.headline()
	}
	return writePage(w, "scan.html", view)
}

func where(s *gist) string {
	if len(s.accounts) == 1 {
		return "Account " + naming(s.accounts[0].account) + " · " + holdings(s.sum)
	}
	return count(len(s.accounts), "account") + " · " + holdings(s.sum)
}

func tiles(counted map[policy.Severity]int) []tileView {
	var views []tileView
	for _, severity := range policy.Severities() {
		views = append(views, tileView{Name: severity.String(), Number: thousands(counted[severity]), Count: counted[severity]})
	}
	return views
}

func findingViews(s *gist) iter.Seq[findingView] {
	return func(yield func(findingView) bool) {
		for _, f := range s.findings {
			view := findingView{
				Rank: f.Rank, Severity: f.Severity.String(), Rule: clean(string(f.Rule)), User: clean(f.User),
				Account: clean(f.Account), Owner: clean(f.Owner), Key: clean(string(f.KeyID)), Reason: clean(f.Reason),
				Due: due(f.Due, s.at), Over: !f.Due.After(s.at), Controls: clean(controlText(f.Controls)),
			}
			for _, e := range f.Evidence {
				view.Evidence = append(view.Evidence, evidenceText(e, s.at))
			}
			if !yield(view) {
				return
			}
		}
	}
}

// evidenceText is one fact in one line: "created: 2025-…, (412 d ago), credential report, 3 h ago". Clean.
func evidenceText(e policy.Evidence, now time.Time) string {
	return list(" · ", clean(e.Fact)+": "+factValue(e, now), clean(e.Source), asSeen(e, now))
}

func accountViews(s *gist) iter.Seq[accountView] {
	return func(yield func(accountView) bool) {
		for _, a := range s.accounts {
			c := a.counts
			view := accountView{
				Name: naming(a.account), Users: thousands(c.Users), Keys: thousands(c.Keys), Active: thousands(c.Active),
				Root: rootKeys(c), Fresh: a.asOf(s.at),
			}
			if !yield(view) {
				return
			}
		}
	}
}

func keyViews(s *gist) iter.Seq[keyView] {
	return func(yield func(keyView) bool) {
		for _, inv := range s.whole {
			for h := range held(inv, s.rules) {
				view := keyView{
					Account: clean(inv.Account.ID), User: clean(h.user), ID: h.id(), Status: h.status(), Age: h.age(s.at),
					Used: list(" · ", h.marked(s.at), h.usedFor()), Admin: h.admin(), Owner: clean(h.owner),
				}
				if !yield(view) {
					return
				}
			}
		}
	}
}

func failureViews(s *gist) []failureView {
	var views []failureView
	for i := range s.failing {
		f := &s.failing[i]
		views = append(views, failureView{
			Whose: f.about(), Call: clean(f.Call), Error: f.what(), Hint: clean(f.Hint),
		})
	}
	return views
}

func failuresOf(failed []accesskey.Failure) []failureView {
	return failureViews(gistOfFailures(failed))
}
