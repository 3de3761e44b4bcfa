package report

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

func TestScanGolden(t *testing.T) {
	empty := Scan{GeneratedAt: now, Rules: policy.DefaultRules()}
	quiet := fixture()
	quiet.Findings, quiet.Accounts[0].Failures = nil, nil
	baselined := fixture()
	baselined.Findings, baselined.Known = baselined.Findings[:1], baselined.Findings[1:]
	two := fixture()
	second := fixture().Accounts[0]
	second.Account = accesskey.Account{ID: "210987654321", Partition: "aws", Name: "Example Sandbox"}
	second.CredentialReport, second.Failures = accesskey.Unread[time.Time](`iam:GenerateCredentialReport was denied`), nil
	two.Accounts = append(two.Accounts, second)

	for _, c := range []struct {
		name string
		f    Format
		s    Scan
		o    Options
	}{
		{"scan.table", Table, fixture(), Options{Width: 120}},
		{"scan-all.table", Table, fixture(), Options{Width: 140, All: true}},
		{"scan-80.table", Table, fixture(), Options{Width: 80}},
		{"scan-narrow.table", Table, fixture(), Options{Width: 60, All: true}},
		{"scan-color.table", Table, fixture(), Options{Width: 120, Color: true}},
		{"scan-limit.table", Table, fixture(), Options{Width: 120, Limit: 2}},
		{"accounts.table", Table, two, Options{Width: 140}},
		{"quiet.table", Table, quiet, Options{Width: 120}},
		{"empty.table", Table, empty, Options{}},
		{"baselined.table", Table, baselined, Options{Width: 120}},
		{"scan.json", JSON, fixture(), Options{}},
		{"empty.json", JSON, empty, Options{}},
		{"baselined.json", JSON, baselined, Options{}},
		{"scan.ndjson", NDJSON, fixture(), Options{}},
		{"scan.csv", CSV, fixture(), Options{}},
		{"scan-all.csv", CSV, fixture(), Options{All: true}},
		{"scan.html", HTML, fixture(), Options{}},
		{"quiet.html", HTML, quiet, Options{}},
		{"scan.md", Markdown, fixture(), Options{All: true}},
		{"scan.asff.json", SecurityHub, fixture(), Options{Region: "eu-central-1"}},
		{"empty.asff.json", SecurityHub, empty, Options{}},
		{"scan.ocsf.ndjson", OCSF, fixture(), Options{Version: "v1.2.3"}},
		{"scan.prom", Prometheus, fixture(), Options{}},
		{"accounts.prom", Prometheus, two, Options{}},
		{"scan.controls.csv", Controls, fixture(), Options{}},
		{"scan.controls.html", ControlsHTML, fixture(), Options{}},
		{"hostile.table", Table, hostileScan(hostile), Options{Width: 100, All: true}},
		{"hostile.json", JSON, hostileScan(hostile), Options{}},
		{"hostile.csv", CSV, hostileScan(hostile), Options{All: true}},
		{"hostile.md", Markdown, hostileScan(hostile), Options{All: true}},
		{"hostile.html", HTML, hostileScan(hostile), Options{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			golden(t, filepath.Join("testdata", c.name), written(t, c.f, c.s, c.o))
		})
	}
}

func TestDigestGolden(t *testing.T) {
	title, text := Digest(fixture())
	golden(t, "testdata/digest.txt", title+"\n\n"+text+"\n")
}
