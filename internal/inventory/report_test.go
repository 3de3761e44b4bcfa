package inventory

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const header = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active," +
	"access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service," +
	"access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service," +
	"cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated"

const (
	rootRow = "<root_account>,arn:aws:iam::123456789012:root,2015-01-01T00:00:00+00:00,not_supported,2024-05-01T10:00:00+00:00,not_supported,not_supported,true," +
		"true,2015-01-02T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
	janeRow = `"doe,jane+x=y@z","arn:aws:iam::123456789012:user/doe,jane+x=y@z",2020-02-29T23:59:59Z,TRUE,no_information,2021-01-01T00:00:00Z,N/A,false,` +
		"false,N/A,2022-03-04T05:06:07Z,eu-west-1,s3,true,2023-01-01T00:00:00Z,N/A,N/A,N/A,true,2021-06-07T08:09:10Z,false,N/A"
)

func parseAll(r io.Reader) ([]ReportRow, error) {
	var rows []ReportRow
	for row, err := range ParseCredentialReport(r) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func wantRows() []ReportRow {
	return []ReportRow{{
		User: "<root_account>", ARN: "arn:aws:iam::123456789012:root", Created: utc("2015-01-01T00:00:00Z"),
		PasswordLastUsed: utc("2024-05-01T10:00:00Z"), MFA: Yes, Line: 2,
		Keys: []ReportKey{{Active: Yes, Rotated: utc("2015-01-02T00:00:00Z"), Used: No}},
	}, {
		User: "doe,jane+x=y@z", ARN: "arn:aws:iam::123456789012:user/doe,jane+x=y@z", Created: utc("2020-02-29T23:59:59Z"),
		PasswordEnabled: Yes, PasswordLastChanged: utc("2021-01-01T00:00:00Z"), MFA: No, Line: 3,
		Keys: []ReportKey{
			{Active: No, Used: Yes, LastUsed: utc("2022-03-04T05:06:07Z"), Region: "eu-west-1", Service: "s3"},
			{Active: Yes, Rotated: utc("2023-01-01T00:00:00Z"), Used: No},
		},
		Certificates: []ReportCertificate{{Active: Yes, Rotated: utc("2021-06-07T08:09:10Z")}},
	}}
}

func TestParseCredentialReport(t *testing.T) {
	for name, text := range map[string]string{
		"LF without a last one": header + "\n" + rootRow + "\n" + janeRow,
		"LF with a last one":    header + "\n" + rootRow + "\n" + janeRow + "\n",
		"CRLF":                  header + "\r\n" + rootRow + "\r\n" + janeRow + "\r\n",
		"byte order mark":       "\ufeff" + header + "\n" + rootRow + "\n" + janeRow,
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
				rows, err := parseAll(r)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(wantRows(), rows); diff != "" {
					t.Fatal(diff)
				}
			}
		})
	}
}

func TestParseGoesByName(t *testing.T) {
	names, values := strings.Split(header, ","), strings.Split(rootRow, ",")
	var turnedNames, turnedValues []string
	for i := range names {
		turnedNames = append([]string{names[i]}, turnedNames...)
		turnedValues = append([]string{values[i]}, turnedValues...)
	}
	text := "brand_new_column," + strings.Join(turnedNames, ",") + ",additional_credentials_info,access_key_3_active,access_key_3_last_rotated\n" +
		"whatever," + strings.Join(turnedValues, ",") + `,"1 more, list them with ListAccessKeys",true,2016-01-01T00:00:00Z`
	rows, err := parseAll(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := wantRows()[:1]
	want[0].Additional, want[0].ShowsAdditional = "1 more, list them with ListAccessKeys", true
	want[0].Keys = append(want[0].Keys, ReportKey{Active: Yes, Rotated: utc("2016-01-01T00:00:00Z")})
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Fatal(diff)
	}
}

func TestParseWordsForNothing(t *testing.T) {
	for text, want := range map[string]ReportKey{
		"true,2023-01-01T00:00:00Z,N/A,N/A,N/A":                               {Active: Yes, Used: No},
		"true,2023-01-01T00:00:00Z,no_information,N/A,N/A":                    {Active: Yes},
		"true,2023-01-01T00:00:00Z,not_supported,not_supported,not_supported": {Active: Yes},
		"N/A,2023-01-01T00:00:00Z,2022-03-04T05:06:07Z,N/A,N/A":               {Used: Yes, LastUsed: utc("2022-03-04T05:06:07Z")},
		"FALSE,2023-01-01T00:00:00Z,N/A,N/A,N/A":                              {Active: No, Used: No},
	} {
		rows, err := parseAll(strings.NewReader(header + "\n" + strings.Replace(rootRow, "false,N/A,N/A,N/A,N/A", text, 1)))
		if err != nil {
			t.Fatal(err)
		}
		want.Rotated = utc("2023-01-01T00:00:00Z")
		if diff := cmp.Diff(want, rows[0].Keys[1]); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestParseRefusesGarbage(t *testing.T) {
	with := func(old, new string) string { return header + "\n" + strings.Replace(rootRow, old, new, 1) }
	for name, c := range map[string]struct {
		text         string
		line, column int
		contains     string
	}{
		"nothing":            {"", 1, 1, "empty"},
		"not a report":       {"<html>\n<body>", 1, 1, "missing"},
		"column missing":     {strings.Replace(header, "arn,", "", 1), 1, 1, "(arn): this column is missing"},
		"columns missing":    {"user,arn", 1, 1, "more"},
		"column twice":       {header + ",user", 1, len(header) + 2, "twice"},
		"row cut off":        {header + "\n" + rootRow[:60], 2, 1, "fields"},
		"blank line":         {header + "\n\n" + rootRow, 2, 1, "fields"},
		"not a date":         {with("2015-01-01T00:00:00+00:00", "yesterday"), 2, 47, `(user_creation_time): "yesterday" is not a date`},
		"no date":            {with("2015-01-01T00:00:00+00:00", "N/A"), 2, 47, "instead of a date"},
		"impossible date":    {with("2015-01-01T00:00:00+00:00", "2015-02-29T00:00:00Z"), 2, 47, "not a date"},
		"year nought":        {with("2015-01-01T00:00:00+00:00", "0001-01-01T00:00:00Z"), 2, 47, "not a date"},
		"not a truth value":  {with("not_supported,2024", "maybe,2024"), 2, 73, `(password_enabled): "maybe"`},
		"not an ARN":         {with("arn:aws:iam::123456789012:root", "root"), 2, 16, "not an ARN"},
		"not a name":         {with("<root_account>", "<script>"), 2, 1, "character"},
		"empty name":         {with("<root_account>", ""), 2, 1, "0 characters"},
		"escape sequence":    {with("N/A,N/A,false", "N/A,\x1b[31m,false"), 2, 0, `'\x1b'`},
		"quote in a field":   {with("<root_account>", `roo"t"`), 2, 4, "quote inside"},
		"text behind quote":  {with("<root_account>", `"root"x`), 2, 7, "behind a closing quote"},
		"quote never closed": {with("<root_account>", `"root`), 2, 1, "not closed"},
		"endless line":       {header + "\n" + strings.Repeat("x", maxRecord+1), 2, 1, "longer than"},
		"endless quote":      {header + "\n\"" + strings.Repeat("x\n", maxRecord), 2, 1, "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseAll(strings.NewReader(c.text))
			var at *ReportError
			if !errors.As(err, &at) {
				t.Fatalf("error %v, want a *ReportError", err)
			}
			if at.Line != c.line || c.column != 0 && at.Column != c.column || !strings.Contains(at.Error(), c.contains) {
				t.Fatalf("%v (line %d column %d), want line %d column %d and %q", at, at.Line, at.Column, c.line, c.column, c.contains)
			}
		})
	}
}

func TestParsePassesReadErrors(t *testing.T) {
	broken := errors.New("broken pipe")
	_, err := parseAll(io.MultiReader(strings.NewReader(header+"\n"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Fatalf("error %v", err)
	}
}

func TestParseStopsWhenAsked(t *testing.T) {
	for row, err := range ParseCredentialReport(strings.NewReader(header + "\n" + rootRow + "\ngarbage")) {
		if err != nil || !row.Root() {
			t.Fatal(row, err)
		}
		break
	}
}

func TestPlainUTCAgreesWithTimeParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Int64Range(0, utc("2099-12-31T23:59:59Z").Unix()).Draw(t, "seconds")
		want := time.Unix(seconds, 0).UTC()
		for _, text := range []string{want.Format("2006-01-02T15:04:05Z"), want.Format("2006-01-02T15:04:05+00:00")} {
			if got, ok := plainUTC(text); !ok || !got.Equal(want) {
				t.Fatalf("plainUTC(%q) = %v %v", text, got, ok)
			}
		}
	})
}

func TestRecordsAgreeWithEncodingCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.StringMatching(`[a-z,"]{0,6}`)
		rows := rapid.SliceOfN(rapid.SliceOfN(field, 2, 5), 1, 5).Draw(t, "rows")
		var text strings.Builder
		w := csv.NewWriter(&text)
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		if err := w.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		records := newCSVRecords(strings.NewReader(text.String()))
		for _, want := range rows {
			fields, err := records.read()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range fields {
				got = append(got, f.text)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
		}
		if _, err := records.read(); !errors.Is(err, io.EOF) {
			t.Fatalf("after the last record: %v", err)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(header + "\n" + rootRow + "\n" + janeRow)
	f.Add(header + "\r\n" + rootRow + "\r\n")
	f.Add(header + ",additional_credentials_info\n" + janeRow + ",\"2\nmore\"")
	f.Add("user,arn\n\"a\"\"b\",x")
	f.Fuzz(func(t *testing.T, text string) {
		for row, err := range ParseCredentialReport(strings.NewReader(text)) {
			var at *ReportError
			if err != nil {
				if !errors.As(err, &at) || at.Line < 1 || at.Column < 1 {
					t.Fatalf("error without a place: %v", err)
				}
				if strings.ContainsAny(err.Error(), "\n\r\x1b") {
					t.Fatalf("error is not one clean line: %q", err)
				}
				return
			}
			if row.User == "" || row.Created.IsZero() || len(row.Keys) > maxSlots {
				t.Fatalf("accepted %+v", row)
			}
		}
	})
}

func BenchmarkParseCredentialReport(b *testing.B) {
	var text strings.Builder
	text.WriteString(header + "\n" + rootRow)
	for i := range 5000 {
		fmt.Fprintf(&text, "\nuser-%d,arn:aws:iam::123456789012:user/user-%d,2020-02-28T23:59:59Z,true,2024-01-01T00:00:00Z,2021-01-01T00:00:00Z,N/A,false,"+
			"true,2023-01-01T00:00:00Z,2024-03-04T05:06:07Z,eu-west-1,s3,false,2023-01-01T00:00:00Z,N/A,N/A,N/A,false,N/A,false,N/A", i, i)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		rows := 0
		for _, err := range ParseCredentialReport(strings.NewReader(text.String())) {
			if err != nil {
				b.Fatal(err)
			}
			rows++
		}
		if rows != 5001 {
			b.Fatal(rows)
		}
	}
}
