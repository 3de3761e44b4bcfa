package inventory

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// rootUser is the name of the root user's row.
const rootUser = "<root_account>"

// ReportRow is one user's line of a credential report. The report has no key
// IDs, and its slots are not in order of creation: never join by position.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
type ReportRow struct {
	User    string
	ARN     string
	Created time.Time // UTC

	PasswordEnabled     Answer
	PasswordLastUsed    time.Time // UTC; zero: never, or no password
	PasswordLastChanged time.Time // UTC; zero: not said
	MFA                 Answer

	Keys         []ReportKey         // slots that hold a key
	Certificates []ReportCertificate // slots that hold a certificate

	// Additional is the newer column additional_credentials_info: not empty
	// where the user has more keys or certificates than the report shows. Many
	// accounts' reports lack the column: ShowsAdditional.
	Additional      string
	ShowsAdditional bool

	Line int // in the report, from 1
}

// Root reports whether the row is the root user's.
func (r ReportRow) Root() bool { return r.User == rootUser }

// ReportKey is one access key as the report shows it.
type ReportKey struct {
	Active   Answer
	Rotated  time.Time // UTC; created or last changed; zero: the report says N/A
	Used     Answer    // Yes: at LastUsed; No: never
	LastUsed time.Time // UTC
	Region   string    // empty: N/A
	Service  string    // empty: N/A
}

// ReportCertificate is one signing certificate.
type ReportCertificate struct {
	Active  Answer
	Rotated time.Time // UTC; zero: N/A
}

// Answer is a truth value of the report, which may be none.
type Answer int

// The answers a report gives.
const (
	NotSaid Answer = iota // N/A, not_supported, no_information
	No
	Yes
)

// ReportError tells where a credential report is not one.
type ReportError struct {
	Line    int    // from 1
	Column  int    // byte position in the line, from 1
	Name    string // the report's column, where it is known
	Problem string
}

// Error implements error.
func (e *ReportError) Error() string {
	at := fmt.Sprintf("credential report line %d column %d", e.Line, e.Column)
	if e.Name != "" {
		at += " (" + e.Name + ")"
	}
	return at + ": " + e.Problem
}

// ParseCredentialReport reads a credential report row by row, going by the
// names in its first line: unknown columns are ignored, a missing one that is
// needed is an error naming it. It ends at the first error, a *ReportError
// where the text is at fault. Memory is bounded by one line.
func ParseCredentialReport(r io.Reader) iter.Seq2[ReportRow, error] {
	return func(yield func(ReportRow, error) bool) {
		records := newCSVRecords(r)
		columns, err := readHeader(records)
		if err != nil {
			yield(ReportRow{}, err)
			return
		}
		for {
			row, err := readRow(records, columns)
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

func readRow(records *csvRecords, columns []reportColumn) (ReportRow, error) {
	fields, err := records.read()
	if err != nil {
		return ReportRow{}, err
	}
	if len(fields) != len(columns) {
		return ReportRow{}, records.errorAt(1, "", fmt.Sprintf("%d fields, but the header names %d", len(fields), len(columns)))
	}
	draft := rowDraft{row: ReportRow{Line: records.line}}
	for i, column := range columns {
		if problem := draft.set(column, fields[i].text); problem != "" {
			return ReportRow{}, records.errorAt(fields[i].column, column.name, problem)
		}
	}
	return draft.finish(), nil
}

// rowDraft is a row whose slots have not yet been told from empty ones.
type rowDraft struct {
	row   ReportRow
	keys  [maxSlots]ReportKey
	certs [maxSlots]ReportCertificate
}

// set takes one field's text and returns what is wrong with it, if anything.
func (d *rowDraft) set(c reportColumn, text string) (problem string) {
	switch c.field {
	case fieldIgnored:
	case fieldUser:
		d.row.User, problem = text, userNameProblem(text)
	case fieldARN:
		d.row.ARN, problem = text, arnProblem(text)
	case fieldCreated:
		d.row.Created, problem = requiredTime(text)
	case fieldPasswordEnabled:
		d.row.PasswordEnabled, problem = parseAnswer(text)
	case fieldPasswordLastUsed:
		d.row.PasswordLastUsed, problem = optionalTime(text)
	case fieldPasswordLastChanged:
		d.row.PasswordLastChanged, problem = optionalTime(text)
	case fieldMFA:
		d.row.MFA, problem = parseAnswer(text)
	case fieldAdditional:
		d.row.ShowsAdditional = true
		d.row.Additional, problem = optionalText(text)
	default:
		return d.setSlot(c, text)
	}
	return problem
}

func (d *rowDraft) setSlot(c reportColumn, text string) (problem string) {
	key, cert := &d.keys[c.slot], &d.certs[c.slot]
	switch c.field {
	case fieldKeyActive:
		key.Active, problem = parseAnswer(text)
	case fieldKeyRotated:
		key.Rotated, problem = optionalTime(text)
	case fieldKeyLastUsed:
		key.Used, key.LastUsed, problem = parseUse(text)
	case fieldKeyRegion:
		key.Region, problem = optionalText(text)
	case fieldKeyService:
		key.Service, problem = optionalText(text)
	case fieldCertActive:
		cert.Active, problem = parseAnswer(text)
	case fieldCertRotated:
		cert.Rotated, problem = optionalTime(text)
	}
	return problem
}

// finish keeps the slots that hold something. An inactive key may show N/A for
// its rotation, so that a last use alone also proves a key.
func (d *rowDraft) finish() ReportRow {
	for _, k := range d.keys {
		if k.Active == Yes || !k.Rotated.IsZero() || !k.LastUsed.IsZero() {
			d.row.Keys = append(d.row.Keys, k)
		}
	}
	for _, c := range d.certs {
		if c.Active == Yes || !c.Rotated.IsZero() {
			d.row.Certificates = append(d.row.Certificates, c)
		}
	}
	return d.row
}

// userNameProblem holds a name to IAM's pattern [\w+=,.@-]+ (1 to 64): what
// doesn't fit is not from AWS.
func userNameProblem(name string) string {
	if name == rootUser {
		return ""
	}
	if name == "" || len(name) > 64 {
		return fmt.Sprintf("user name of %d characters", len(name))
	}
	for i := 0; i < len(name); i++ {
		if !isWordByte(name[i]) && strings.IndexByte("+=,.@-", name[i]) < 0 {
			return fmt.Sprintf("character %q in a user name", name[i])
		}
	}
	return ""
}

func isWordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_'
}

func arnProblem(arn string) string {
	if !strings.HasPrefix(arn, "arn:") || strings.Count(arn, ":") < 5 {
		return fmt.Sprintf("%.40q is not an ARN", arn)
	}
	_, problem := optionalText(arn)
	return problem
}

// notSaid reports whether the text is one of the report's words for nothing.
func notSaid(text string) bool {
	return text == "N/A" || text == "no_information" || text == "not_supported"
}

func parseAnswer(text string) (Answer, string) {
	switch text {
	case "true", "TRUE", "True":
		return Yes, ""
	case "false", "FALSE", "False":
		return No, ""
	}
	if notSaid(text) {
		return NotSaid, ""
	}
	return NotSaid, fmt.Sprintf("%.40q is neither true nor false", text)
}

// parseUse takes a key's last use. N/A is AWS's word for never; any other word
// for nothing leaves it open.
func parseUse(text string) (used Answer, at time.Time, problem string) {
	switch at, problem = optionalTime(text); {
	case !at.IsZero():
		return Yes, at, problem
	case text == "N/A":
		return No, at, problem
	}
	return NotSaid, at, problem
}

// optionalText takes printable ASCII, or nothing where the report says so.
func optionalText(text string) (string, string) {
	if notSaid(text) {
		return "", ""
	}
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] > '~' {
			return "", fmt.Sprintf("character %q", text[i])
		}
	}
	return text, ""
}
