package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keytend/keytend/internal/fakeaws"
)

// scanned is what a scan's JSON says, read without the product's own types.
type scanned struct {
	GeneratedAt time.Time `json:"generated_at"`
	Accounts    []struct {
		ID   string       `json:"id"`
		Keys []scannedKey `json:"keys"`
	} `json:"accounts"`
	Findings []scannedFinding  `json:"findings"`
	LeftOut  []scannedLeftOut  `json:"left_out"`
	Errors   []json.RawMessage `json:"errors"`
}

type scannedKey struct {
	User     string          `json:"user"`
	ID       *string         `json:"id"`
	Status   string          `json:"status"`
	Created  time.Time       `json:"created"`
	LastUsed json.RawMessage `json:"last_used"`
}

type scannedLeftOut struct {
	Account string `json:"account"`
}

type scannedFinding struct {
	Rule    string  `json:"rule"`
	Account string  `json:"account"`
	User    string  `json:"user"`
	KeyID   *string `json:"key_id"`
	Rank    int     `json:"rank"`
}

// truth compares a scan's JSON, made with the default rules and --ids all,
// with what the simulated AWS knows: truth scan.json. With a word in between,
// truth live scan.json, the root user is left out: only a credential report
// tells of its keys.
func (s *story) truth(ts *testscript.TestScript, args []string) {
	if len(args) < 1 || len(args) == 2 && args[0] != "live" && args[0] != "organization" || len(args) > 2 {
		ts.Fatalf("usage: truth [live|organization] FILE")
	}
	var scan scanned
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[len(args)-1])), &scan))
	if len(scan.Errors) > 0 {
		ts.Fatalf("the scan is partial: %s", scan.Errors)
	}
	if args[0] == "organization" {
		s.truthOfAll(ts, scan)
		return
	}
	account := s.only()
	if len(args) == 2 {
		account.Root = fakeaws.RootSpec{}
		scan.forgetRoot()
	}
	asker := ts.Getenv("AWS_ACCESS_KEY_ID")
	compareAccount(ts, account, scan, asker)
	checkRanks(ts, scan)
}

// truthOfAll compares account by account. Those in which nothing can be done
// must be left out, all others there.
func (s *story) truthOfAll(ts *testscript.TestScript, scan scanned) {
	leftOut := map[string]bool{}
	for _, l := range scan.LeftOut {
		leftOut[l.Account] = true
	}
	asker := ts.Getenv("AWS_ACCESS_KEY_ID")
	there := 0
	for _, id := range s.aws.Accounts() {
		account := s.aws.Snapshot(id)
		if usable := account.State == "" || account.State == "ACTIVE"; usable == leftOut[id] {
			ts.Fatalf("account %s is %q, left out: %v", id, account.State, leftOut[id])
		} else if usable {
			compareAccount(ts, account, scan.only(id), asker)
			there++
		}
	}
	if there != len(scan.Accounts) {
		ts.Fatalf("%d accounts, want %d", len(scan.Accounts), there)
	}
	checkRanks(ts, scan)
}

// only is the part of the scan about one account.
func (s scanned) only(id string) scanned {
	part := scanned{GeneratedAt: s.GeneratedAt}
	for _, account := range s.Accounts {
		if account.ID == id {
			part.Accounts = append(part.Accounts, account)
		}
	}
	for _, finding := range s.Findings {
		if finding.Account == id {
			part.Findings = append(part.Findings, finding)
		}
	}
	return part
}

func compareAccount(ts *testscript.TestScript, account fakeaws.AccountSpec, scan scanned, asker string) {
	if len(scan.Accounts) != 1 {
		ts.Fatalf("account %s is there %d times", account.ID, len(scan.Accounts))
	}
	if diff := cmp.Diff(keysInTruth(account, asker), keysInScan(scan, asker)); diff != "" {
		ts.Fatalf("keys of %s: -truth +scan:\n%s", account.ID, diff)
	}
	if diff := cmp.Diff(brokenInTruth(account, asker, scan.GeneratedAt), brokenInScan(scan, asker)); diff != "" {
		ts.Fatalf("findings of %s at %s: -truth +scan:\n%s", account.ID, scan.GeneratedAt, diff)
	}
}

func checkRanks(ts *testscript.TestScript, scan scanned) {
	for i, finding := range scan.Findings {
		if finding.Rank != i+1 {
			ts.Fatalf("finding %d has rank %d", i+1, finding.Rank)
		}
	}
}

func (s *scanned) forgetRoot() {
	account := &s.Accounts[0]
	account.Keys = slices.DeleteFunc(account.Keys, func(k scannedKey) bool { return k.User == rootUser })
	s.Findings = slices.DeleteFunc(s.Findings, func(f scannedFinding) bool { return f.User == rootUser })
	for i := range s.Findings {
		s.Findings[i].Rank = i + 1
	}
}

const rootUser = "<root_account>"

// keysInTruth spells every key of the account, one a line. What the scan's own
// key was last used for changes while it scans, so that is left out. IDs of
// root keys are never shown by AWS.
func keysInTruth(account fakeaws.AccountSpec, asker string) []string {
	var keys []string
	for _, key := range account.Root.Keys {
		keys = append(keys, keyLine(rootUser, "", key.Status, key.Created, useInTruth(key)))
	}
	for _, user := range account.Users {
		for _, key := range user.Keys {
			use := useInTruth(key)
			if key.ID == asker {
				use = "now"
			}
			keys = append(keys, keyLine(user.Name, key.ID, key.Status, key.Created, use))
		}
	}
	slices.Sort(keys)
	return keys
}

func useInTruth(key fakeaws.KeySpec) string {
	if key.LastUsed == nil {
		return "never"
	}
	return useLine(key.LastUsed.At, key.LastUsed.Service, key.LastUsed.Region)
}

func keysInScan(scan scanned, asker string) []string {
	var keys []string
	for _, key := range scan.Accounts[0].Keys {
		id := ""
		if key.ID != nil {
			id = *key.ID
		}
		use := useInScan(key.LastUsed)
		if id == asker {
			use = "now"
		}
		keys = append(keys, keyLine(key.User, id, key.Status, key.Created, use))
	}
	slices.Sort(keys)
	return keys
}

func useInScan(raw json.RawMessage) string {
	if string(raw) == "null" {
		return "never"
	}
	var use struct {
		Date            time.Time
		Service, Region string
	}
	if err := json.Unmarshal(raw, &use); err != nil {
		return string(raw) // "unknown"
	}
	return useLine(use.Date, use.Service, use.Region)
}

func keyLine(user, id, status string, created time.Time, use string) string {
	return fmt.Sprintf("%s %s %s %s %s", user, id, status, created.UTC().Format(time.RFC3339), use)
}

func useLine(at time.Time, service, region string) string {
	return fmt.Sprintf("%s %s %s", at.UTC().Format(time.RFC3339), service, region)
}

// judgedByTruth are the rules that are worked out here a second time, from the
// words of the issue.
var judgedByTruth = map[string]bool{
	"key-too-old": true, "key-due-soon": true, "key-unused": true, "key-never-used": true,
	"multiple-active-keys": true, "inactive-key": true, "root-access-key": true,
	"signing-certificate": true, "service-credential": true,
}

// brokenInTruth spells every rule broken at the time, with how often: "rule
// user key".
func brokenInTruth(account fakeaws.AccountSpec, asker string, now time.Time) map[string]int {
	broken := map[string]int{}
	for _, key := range account.Root.Keys {
		if key.Status == "Active" {
			broken["root-access-key "+rootUser+" "]++ // nothing else matters of it
		} else {
			broken["inactive-key "+rootUser+" "]++
		}
	}
	addCertificates(broken, rootUser, account.Root.Certificates)
	for _, user := range account.Users {
		for _, key := range user.Keys {
			for _, rule := range brokenByKey(key, asker, now) {
				broken[rule+" "+user.Name+" "+key.ID]++
			}
		}
		addActive(broken, user.Name, user.Keys)
		addCertificates(broken, user.Name, user.Certificates)
		for _, credential := range user.ServiceCredentials {
			if credential.Status != "Inactive" && credential.Status != "Expired" {
				broken["service-credential "+user.Name+" "]++
			}
		}
	}
	return broken
}

func addActive(broken map[string]int, user string, keys []fakeaws.KeySpec) {
	active := 0
	for _, key := range keys {
		if key.Status == "Active" {
			active++
		}
	}
	if active > 1 {
		broken["multiple-active-keys "+user+" "]++
	}
}

func addCertificates(broken map[string]int, user string, certificates []fakeaws.CertificateSpec) {
	for _, certificate := range certificates {
		if certificate.Status != "Inactive" {
			broken["signing-certificate "+user+" "]++
		}
	}
}

func brokenByKey(key fakeaws.KeySpec, asker string, now time.Time) []string {
	const day = 24 * time.Hour
	if key.Status != "Active" {
		return []string{"inactive-key"}
	}
	var rules []string
	age := now.Sub(key.Created)
	switch {
	case age > 90*day:
		rules = append(rules, "key-too-old")
	case age > 76*day:
		rules = append(rules, "key-due-soon")
	}
	switch {
	case key.ID == asker:
	case key.LastUsed == nil && age > 45*day:
		rules = append(rules, "key-never-used")
	case key.LastUsed != nil && now.Sub(key.LastUsed.At) > 45*day:
		rules = append(rules, "key-unused")
	}
	return rules
}

func brokenInScan(scan scanned, asker string) map[string]int {
	broken := map[string]int{}
	for _, finding := range scan.Findings {
		if !judgedByTruth[finding.Rule] {
			continue
		}
		id := ""
		if finding.KeyID != nil {
			id = *finding.KeyID
		}
		if id == asker && (finding.Rule == "key-unused" || finding.Rule == "key-never-used") {
			continue // whether the report has seen this scan's own calls is a matter of minutes
		}
		if finding.Rule == "signing-certificate" || finding.Rule == "service-credential" {
			id = ""
		}
		broken[finding.Rule+" "+finding.User+" "+id]++
	}
	return broken
}
