package report

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// controlCount is how one account, or all of them, stand to one control.
type controlCount struct{ passed, failed, unknown int }

// status is what an auditor may write down: what is not known has not passed.
func (c controlCount) status() string {
	switch {
	case c.failed > 0:
		return "fail"
	case c.unknown > 0:
		return unknown
	}
	return "pass"
}

func (c *controlCount) add(s policy.State) {
	switch s {
	case policy.Kept:
		c.passed++
	case policy.Broken:
		c.failed++
	default:
		c.unknown++
	}
}

func (c *controlCount) plus(d controlCount) {
	c.passed, c.failed, c.unknown = c.passed+d.passed, c.failed+d.failed, c.unknown+d.unknown
}

// controlWords say a verdict's state as an auditor does.
var controlWords = map[policy.State]string{policy.Kept: "pass", policy.Broken: "fail", policy.Unknown: unknown}

// accountSheet is one account held against every control.
type accountSheet struct {
	account  accesskey.Account
	counts   map[policy.Control]controlCount
	verdicts []policy.ControlVerdict // failed and unknown; with all, passed too
}

func sheetFor(inv accesskey.Inventory, all bool, now time.Time) accountSheet {
	sheet := accountSheet{account: inv.Account, counts: map[policy.Control]controlCount{}}
	for v := range policy.JudgeControls(inv, now) {
		count := sheet.counts[v.Control]
		count.add(v.State)
		sheet.counts[v.Control] = count
		if all || v.State != policy.Kept {
			sheet.verdicts = append(sheet.verdicts, v)
		}
	}
	return sheet
}

// unreadSheet is of an account that could not be looked at: nothing has passed.
func unreadSheet(failed accesskey.Failure) accountSheet {
	sheet := accountSheet{account: accesskey.Account{ID: failed.Account}, counts: map[policy.Control]controlCount{}}
	for _, c := range policy.Controls() {
		sheet.counts[c.Control] = controlCount{unknown: 1}
		sheet.verdicts = append(sheet.verdicts, policy.ControlVerdict{
			Control: c.Control, State: policy.Unknown, Why: "the account could not be read: " + list(": ", failed.Call, failed.Err),
		})
	}
	return sheet
}

// unreadAccounts are the accounts of which nothing but errors are known.
func unreadAccounts(failed []accesskey.Failure, seen map[string]bool) []accesskey.Failure {
	var unread []accesskey.Failure
	told := map[string]bool{}
	for _, f := range failed {
		if f.Account != "" && !seen[f.Account] && !told[f.Account] {
			told[f.Account] = true
			unread = append(unread, f)
		}
	}
	return unread
}

// controlColumns are stable: new ones are added at the end. Rows of kind summary
// count, rows of kind evidence name one key, user or root user.
var controlColumns = []string{
	"kind", "framework", "control", "title", "account", "account_name", "status", "passed", "failed", "unknown",
	"user", "user_arn", "key_id", "why", "evidence",
}

// controlsEmitter writes a table for auditors as CSV: an account's summary, then
// its evidence. An account is dropped when it is written.
type controlsEmitter struct {
	csv  *csvEmitter
	all  bool
	now  time.Time
	seen map[string]bool // accounts
}

func newControlsEmitter(w io.Writer, all bool) *controlsEmitter {
	return &controlsEmitter{csv: newCSVEmitter(w, false), all: all, seen: map[string]bool{}}
}

func (e *controlsEmitter) begin(now time.Time, _ policy.Rules) error {
	e.now = now
	return e.csv.line(controlColumns)
}

func (e *controlsEmitter) account(inv accesskey.Inventory, _ []policy.Finding, _ policy.Rules, now time.Time) error {
	e.seen[inv.Account.ID] = true
	return e.sheet(sheetFor(inv, e.all, now))
}

func (e *controlsEmitter) sheet(s accountSheet) error {
	titles := map[policy.Control]string{}
	name := list(", ", s.account.Alias, s.account.Name)
	for _, c := range policy.Controls() {
		titles[c.Control] = c.Title
		n := s.counts[c.Control]
		err := e.csv.line([]string{
			"summary", c.Framework, c.ID, c.Title, s.account.ID, name, n.status(),
			strconv.Itoa(n.passed), strconv.Itoa(n.failed), strconv.Itoa(n.unknown), "", "", "", "", "",
		})
		if err != nil {
			return err
		}
	}
	for _, v := range s.verdicts {
		err := e.csv.line([]string{
			"evidence", v.Control.Framework, v.Control.ID, titles[v.Control], s.account.ID, name, controlWords[v.State], "", "", "",
			v.User, v.UserARN, string(v.KeyID), v.Why, strings.Join(evidenceTexts(v.Evidence), "; "),
		})
		if err != nil {
			return err
		}
	}
	return e.csv.end(rest{})
}

// evidenceTexts are facts with their source and moment, for good.
func evidenceTexts(facts []policy.Evidence) []string {
	var texts []string
	for _, f := range facts {
		text := f.Fact + ": " + f.Value
		if f.Source != "" {
			text += " (" + f.Source + ", " + stamp(f.ObservedAt) + ")"
		}
		texts = append(texts, text)
	}
	return texts
}

func (e *controlsEmitter) finding(policy.Finding) error { return nil }

func (e *controlsEmitter) end(r rest) error {
	for _, f := range unreadAccounts(r.errors, e.seen) {
		if err := e.sheet(unreadSheet(f)); err != nil {
			return err
		}
	}
	return e.csv.end(r)
}
