package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// The columns are stable: new ones are added at the end.
var (
	findingColumns = []string{
		"rank", "severity", "rule", "account", "user", "user_arn", "key_id",
		"reason", "due", "owner", "privileged", "controls", "id",
	}
	keyColumns = []string{
		"account", "account_alias", "user", "user_arn", "key_id", "status", "created", "age_days",
		"last_used", "last_used_service", "last_used_region", "owner", "privileged", "rules", "last_used_as_of",
	}
)

// csvEmitter writes RFC 4180: a line a finding, or a line a key. Several
// values in one cell are separated by "; ". Unknown is said as unknown. Cells
// are cleaned as for a terminal, which changes nothing in what IAM allows in
// names and tags; JSON has the values as they are.
type csvEmitter struct {
	w    *csv.Writer
	keys bool
}

func newCSVEmitter(w io.Writer, keys bool) *csvEmitter {
	cw := csv.NewWriter(w)
	cw.UseCRLF = true
	return &csvEmitter{w: cw, keys: keys}
}

func (e *csvEmitter) begin(time.Time, policy.Rules) error {
	if e.keys {
		return e.line(keyColumns)
	}
	return e.line(findingColumns)
}

func (e *csvEmitter) account(inv accesskey.Inventory, findings []policy.Finding, rules policy.Rules, now time.Time) error {
	if !e.keys {
		return nil
	}
	broken := brokenBy(findings)
	for h := range held(inv, rules) {
		if err := e.line(keyCells(h, broken[h.place()], now)); err != nil {
			return err
		}
	}
	e.w.Flush()
	return e.w.Error()
}

func (e *csvEmitter) finding(f policy.Finding) error {
	if e.keys {
		return nil
	}
	return e.line(findingCells(f))
}

func (e *csvEmitter) end(rest) error {
	e.w.Flush()
	return e.w.Error()
}

func (e *csvEmitter) line(cells []string) error {
	defused := make([]string, len(cells))
	for i, cell := range cells {
		defused[i] = defuse(clean(cell))
	}
	return e.w.Write(defused)
}

// defuse keeps spreadsheets from running a cell as a formula: a cell that
// begins with = + - or @ (or what cleaning makes of a tab or line break) gets an apostrophe before it. So
// does one that begins with an apostrophe already, which makes it reversible:
// whoever needs the value itself takes away one leading apostrophe.
func defuse(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\\'＝＋－＠", firstRune(cell)) {
		return "'" + cell
	}
	return cell
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

func findingCells(f policy.Finding) []string {
	controls := make([]string, len(f.Controls))
	for i, c := range f.Controls {
		controls[i] = c.Framework + " " + c.ID
	}
	dueAt := ""
	if !f.Due.IsZero() {
		dueAt = stamp(f.Due)
	}
	return []string{
		strconv.Itoa(f.Rank), f.Severity.String(), string(f.Rule), f.Account, f.User, f.UserARN, string(f.KeyID),
		f.Reason, dueAt, f.Owner, strconv.FormatBool(f.Privileged), strings.Join(controls, "; "), f.Identity(),
	}
}

func keyCells(h holding, rules []string, now time.Time) []string {
	rec := recordKey(h, now)
	cells := []string{h.account.ID, h.account.Alias, rec.User, rec.ARN, "", rec.Status, unknown, unknown}
	if rec.ID != nil {
		cells[4] = string(*rec.ID)
	}
	if rec.Created != nil {
		cells[6], cells[7] = stamp(*rec.Created), strconv.Itoa(*rec.AgeDays)
	}
	cells = append(cells, useCells(h.key.LastUsed)...)
	privileged := unknown
	if rec.Privileged != nil {
		privileged = strconv.FormatBool(*rec.Privileged)
	}
	asOf := ""
	if h.key.LastUsed.Known() {
		asOf = stamp(h.key.LastUsed.At())
	}
	return append(cells, rec.Owner, privileged, strings.Join(rules, "; "), asOf)
}

func useCells(fact accesskey.Fact[accesskey.LastUse]) []string {
	use, ok := fact.Get()
	switch {
	case !ok:
		return []string{unknown, "", ""}
	case use.Never():
		return []string{"never", "", ""}
	}
	return []string{stamp(use.At), use.Service, use.Region}
}
