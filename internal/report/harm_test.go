package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// harmless fails where the text has a character that a terminal could obey, or
// that turns the reading direction. Line feeds are ours; CRLF is RFC 4180's.
func harmless(t testing.TB, what, text string, crlf bool) {
	t.Helper()
	if crlf {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	if !utf8.ValidString(text) {
		t.Fatalf("%s: not UTF-8", what)
	}
	for i, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("%s: %U at byte %d: …%q", what, r, i, text[max(0, i-40):i+1])
		}
	}
}

func allFormats(t testing.TB, s Scan) {
	for _, f := range ScanFormats {
		for _, o := range []Options{{Width: 60, All: true}, {Width: 160, All: true}, {}} {
			harmless(t, string(f), written(t, f, s, o), f == CSV || f == Controls)
		}
	}
	title, text := Digest(s)
	harmless(t, "digest", title+"\n"+text, false)
}

func TestNoFormatObeysAStranger(t *testing.T) { allFormats(t, hostileScan(hostile)) }

func FuzzNoFormatObeysAStranger(f *testing.F) {
	for _, seed := range []string{hostile, "", "\u2028", "\u0085", "\x80\x81", "-1+1", "\u00a0", "\U000e0041", "a\u0300", "…|`"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, harm string) { allFormats(t, hostileScan(harm)) })
}

func TestSheetsObeyNoStranger(t *testing.T) {
	failed := []accesskey.Failure{{Account: hostile, User: hostile, Call: hostile, Class: hostile, Err: hostile, Hint: hostile}}
	for _, f := range SheetFormats {
		var out bytes.Buffer
		if err := WriteScorecard(&out, f, hostileScorecard(), failed, Options{}); err != nil {
			t.Fatal(err)
		}
		if err := WriteExplanation(&out, f, hostileExplanation(), failed, Options{}); err != nil {
			t.Fatal(err)
		}
		harmless(t, string(f), out.String(), false)
	}
}

func hostileScorecard() policy.Scorecard {
	return policy.Scorecard{Accounts: 2, Now: now, Practices: []policy.Practice{{
		Name: hostile, Title: hostile, Target: hostile, Sentence: hostile, Measured: hostile, Status: policy.StatusFail,
		Offenders: []policy.Offender{{Account: hostile, User: hostile, KeyID: hostile, Reason: hostile}},
	}}}
}

func hostileExplanation() policy.Explanation {
	finding := hostileScan(hostile).Findings[0]
	facts := []policy.Evidence{{Fact: hostile, Value: hostile, Source: hostile, ObservedAt: now}}
	judgements := []policy.Judgement{{Rule: hostile, State: policy.Broken, Why: hostile, Finding: &finding}}
	return policy.Explanation{
		Account: accesskey.Account{ID: hostile, Alias: hostile, Name: hostile}, User: hostile, UserARN: hostile,
		ObservedAt: now, Now: now, Owner: hostile, OwnerWhy: hostile, Privilege: hostile, Facts: facts, Judgements: judgements,
		Keys: []policy.ExplainedKey{{ID: hostile, Name: hostile, Facts: facts, Judgements: judgements}},
	}
}

func TestColorIsOurs(t *testing.T) {
	colored := written(t, Table, hostileScan(hostile), Options{Width: 160, Color: true, All: true})
	plain := written(t, Table, hostileScan(hostile), Options{Width: 160, All: true})
	if colored == plain {
		t.Fatal("no colours")
	}
	sgr := regexp.MustCompile("\x1b\\[[0-9;]*m")
	if diff := cmp.Diff(plain, sgr.ReplaceAllString(colored, "")); diff != "" {
		t.Errorf("colours change more than colours:\n%s", diff)
	}
}

func TestJSONKeepsValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value") // valid UTF-8
		data, err := marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal(data, &back); err != nil || back != value {
			t.Fatalf("%q became %q (%v)", value, back, err)
		}
		for _, r := range string(data) {
			if !unicode.IsPrint(r) {
				t.Fatalf("%U in %q", r, data)
			}
		}
	})
}

// TestCSVCanBeUndone: one leading apostrophe away, and the value is back.
func TestCSVCanBeUndone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		cell := defuse(value)
		if cell != "" && strings.ContainsRune("=+-@", firstRune(cell)) {
			t.Fatalf("%q is live", cell)
		}
		if strings.TrimPrefix(cell, "'") != value {
			t.Fatalf("%q became %q, which gives %q back", value, cell, strings.TrimPrefix(cell, "'"))
		}
	})
}

func TestCSVDefuses(t *testing.T) {
	for value, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": `'\tx`, "\rx": `'\rx`, "'x": "''x",
		"doe,jane+x=y@z": "doe,jane+x=y@z", "": "", "a=b": "a=b",
	} {
		if got := defuse(clean(value)); got != want {
			t.Errorf("defuse(%q) = %q, want %q", value, got, want)
		}
	}
}

// TestEveryLegalNameSurvives: IAM allows letters, digits and _+=,.@- in names.
func TestEveryLegalNameSurvives(t *testing.T) {
	legal := rapid.StringOfN(rapid.RuneFrom([]rune("abcXYZ019_+=,.@-")), 1, 64, -1)
	rapid.Check(t, func(t *rapid.T) {
		name := legal.Draw(t, "name")
		s := fixture()
		s.Findings = s.Findings[2:3]
		s.Findings[0].User = name
		s.Accounts[0].Users[1].Name = name

		table := writtenIn(t, Table, s, Options{Width: 200, All: true})
		if !strings.Contains(table, name) {
			t.Fatalf("table loses %q", name)
		}
		var doc Document
		if err := json.Unmarshal([]byte(writtenIn(t, JSON, s, Options{})), &doc); err != nil || doc.Findings[0].User != name {
			t.Fatalf("JSON: %v %q", err, doc.Findings[0].User)
		}
		rows, err := csv.NewReader(strings.NewReader(writtenIn(t, CSV, s, Options{}))).ReadAll()
		if err != nil || strings.TrimPrefix(rows[1][4], "'") != name {
			t.Fatalf("CSV: %v %q", err, rows[1])
		}
		if md := writtenIn(t, Markdown, s, Options{}); !strings.Contains(md, "`"+name+"`") {
			t.Fatalf("Markdown loses %q", name)
		}
	})
}

func writtenIn(t *rapid.T, f Format, s Scan, o Options) string {
	var out bytes.Buffer
	if err := Write(&out, f, s, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain":          "plain",
		"\x1b[31mred":    `\x1b[31mred`,
		"a\u202eb":       `a\u202eb`,
		"a\u2066b\u2069": `a\u2066b\u2069`,
		"a\nb\tc\r":      `a\nb\tc\r`,
		"\u009b1m\x7f":   `\x9b1m\x7f`,
		"\xff":           `\xff`,
		"a\u00a0b\u3000": "a b ",
		"\u2028":         `\u2028`,
		"\u200b\ufeff":   `\u200b\ufeff`,
		"\U000e0041":     `\U000e0041`,
		"grün 日本":        "grün 日本",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMarkdownIsInert(t *testing.T) {
	for in, want := range map[string]string{
		"a|b":                 "a&#124;b",
		"`x`":                 "&#96;x&#96;",
		"<b>&amp;":            "&#60;b&#62;&#38;amp;",
		"[a](http://b)":       `\[a\](http:` + apart + `//b)`,
		"@team #1":            "@" + apart + "team #" + apart + "1",
		"*a* _b_ ~c~ $d$":     `\*a\* \_b\_ \~c\~ \$d\$`,
		"line\nbreak":         `line\\nbreak`,
		"www.example.com":     "www." + apart + "example.com",
		"arn:aws:iam::1:user": "arn:aws:iam::1:user",
	} {
		if got := md(in); got != want {
			t.Errorf("md(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPagesLoadNothing(t *testing.T) {
	page := written(t, HTML, hostileScan(hostile), Options{})
	for _, tag := range regexp.MustCompile(`<[^>]*>`).FindAllString(page, -1) {
		name := strings.ToLower(regexp.MustCompile(`^</?!?\s*(\w+)`).FindString(tag))
		switch strings.Trim(name, "</!") {
		case "script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video":
			t.Errorf("the page has %s", tag)
		}
		if regexp.MustCompile(`(?i)\s(on\w+|src|style)\s*=`).MatchString(tag) {
			t.Errorf("the page has %s", tag)
		}
	}
	if strings.Contains(styleSheet(), "url(") || strings.Contains(styleSheet(), "@import") {
		t.Error("the style sheet loads something")
	}
	if !strings.Contains(page, `http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-`) {
		t.Errorf("no content security policy in %s", page[:600])
	}
}
