package inventory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

var (
	scanned  = utc("2026-03-01T12:00:00Z")
	reported = utc("2026-03-01T10:00:00Z")
	longAgo  = utc("2020-01-01T00:00:00Z")
)

func arn(name string) string { return "arn:aws:iam::123456789012:user/" + name }

func listedUser(name string, created time.Time) datedUser {
	return datedUser{User: awsapi.User{Name: name, ARN: arn(name), ID: "AIDA" + name, Path: "/", Created: created}, at: scanned, detailed: true}
}

func rowOf(name string, created time.Time, keys ...ReportKey) ReportRow {
	return ReportRow{User: name, ARN: arn(name), Created: created, Keys: keys}
}

func joined(s *seen) map[string]*observedUser {
	users := make(map[string]*observedUser)
	for _, u := range (&collector{}).join(s) {
		users[u.Name] = u
	}
	return users
}

func TestJoinByARNAndCreation(t *testing.T) {
	oldKey := ReportKey{Active: Yes, Rotated: longAgo, Used: No}
	additional := rowOf("many", longAgo, oldKey)
	additional.Additional = "1 more"
	s := &seen{
		usersBegan: scanned,
		users: []datedUser{
			listedUser("plain", longAgo),
			listedUser("recreated", longAgo.Add(time.Hour)),
			listedUser("new", scanned.Add(-time.Hour)),
			listedUser("many", longAgo),
		},
		report: report{at: reported, rows: []ReportRow{
			{User: rootUser, ARN: "arn:aws:iam::123456789012:root", Created: longAgo, Keys: []ReportKey{oldKey}},
			rowOf("plain", longAgo, oldKey),
			rowOf("recreated", longAgo, oldKey),
			rowOf("deleted", longAgo, oldKey),
			rowOf("newborn", scanned.Add(-time.Second)),
			additional,
		}},
	}
	users := joined(s)
	type outcome struct {
		Keys int
		Must bool
	}
	got := make(map[string]outcome)
	for name, u := range users {
		keys, known := u.Keys.Get()
		o := outcome{len(keys), u.mustLook != ""}
		if !known {
			o.Keys = -1
		}
		got[name] = o
	}
	want := map[string]outcome{
		"plain": {1, false}, "recreated": {-1, true}, "new": {-1, true}, "newborn": {0, true}, "many": {2, true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	for _, name := range []string{"recreated", "new"} {
		if users[name].Password.Known() || users[name].SigningCertificates.Known() {
			t.Errorf("%s: facts of another user are taken for its own", name)
		}
	}
	key := first(t, users["plain"].Keys)
	if key.ID.Known() || key.Created.At() != reported || key.LastUsed.Source() != fromReport {
		t.Errorf("%+v", key)
	}
}

func first(t *testing.T, keys accesskey.Fact[[]accesskey.Key]) accesskey.Key {
	t.Helper()
	list, known := keys.Get()
	if !known || len(list) == 0 {
		t.Fatalf("no keys: %s", keys.Why())
	}
	return list[0]
}

func TestIncompleteListingDropsNobody(t *testing.T) {
	s := &seen{
		usersBegan: scanned, detailsErr: errors.New("denied"), listErr: errors.New("denied"),
		report: report{at: reported, rows: []ReportRow{rowOf("division/alice", longAgo, ReportKey{Active: Yes, Rotated: longAgo, Used: No})}},
	}
	s.report.rows[0].User = "alice"
	u := joined(s)["alice"]
	if u == nil || u.mustLook != "" || u.Path != "/division/" || !u.Keys.Known() {
		t.Fatalf("%+v", u)
	}
}

func TestWithoutReportEverybodyIsLookedAt(t *testing.T) {
	users := joined(&seen{usersBegan: scanned, users: []datedUser{listedUser("a", longAgo)}, report: report{err: errors.New("denied")}})
	if u := users["a"]; u.mustLook == "" || u.Keys.Known() {
		t.Fatalf("%+v", u)
	}
}

func listedKey(id string, created time.Time) awsapi.ListedKey {
	return awsapi.ListedKey{ID: accesskey.ID(id), Status: accesskey.Active, Created: created}
}

func TestJoinKeys(t *testing.T) {
	day := 24 * time.Hour
	used := ReportKey{Active: Yes, Rotated: longAgo, Used: Yes, LastUsed: longAgo.Add(day), Region: "eu-west-1", Service: "s3"}
	for name, c := range map[string]struct {
		listed []awsapi.ListedKey
		slots  []ReportKey
		want   string // ID=last use of the report, in order; ? where it must be asked
	}{
		"one":                       {[]awsapi.ListedKey{listedKey("A", longAgo)}, []ReportKey{used}, "A=s3"},
		"slots in the other order":  {[]awsapi.ListedKey{listedKey("B", longAgo.Add(day)), listedKey("A", longAgo)}, []ReportKey{{Rotated: longAgo.Add(day), Used: No}, used}, "A=s3 B=never"},
		"same second, different":    {[]awsapi.ListedKey{listedKey("A", longAgo), listedKey("B", longAgo)}, []ReportKey{used, {Rotated: longAgo, Used: No}}, "A=? B=?"},
		"same second, alike":        {[]awsapi.ListedKey{listedKey("A", longAgo), listedKey("B", longAgo)}, []ReportKey{{Rotated: longAgo, Used: No}, {Rotated: longAgo, Used: No}}, "A=never B=never"},
		"same second, one unseen":   {[]awsapi.ListedKey{listedKey("A", longAgo), listedKey("B", longAgo)}, []ReportKey{used}, "A=? B=?"},
		"one deleted, same second":  {[]awsapi.ListedKey{listedKey("A", longAgo)}, []ReportKey{used, {Rotated: longAgo, Used: No}}, "A=?"},
		"created since":             {[]awsapi.ListedKey{listedKey("A", longAgo), listedKey("N", scanned)}, []ReportKey{used}, "A=s3 N=?"},
		"deleted since":             {nil, []ReportKey{used}, ""},
		"inactive without a date":   {[]awsapi.ListedKey{listedKey("A", longAgo)}, []ReportKey{{Used: Yes, LastUsed: longAgo}}, "A=?"},
		"no report":                 {[]awsapi.ListedKey{listedKey("A", longAgo)}, nil, "A=?"},
		"use not said":              {[]awsapi.ListedKey{listedKey("A", longAgo)}, []ReportKey{{Active: Yes, Rotated: longAgo}}, "A=?"},
		"no date on either side":    {[]awsapi.ListedKey{listedKey("A", time.Time{})}, []ReportKey{{Active: Yes, Used: No}}, "A=?"},
		"more keys than any report": {[]awsapi.ListedKey{listedKey("C", longAgo.Add(2*day)), listedKey("A", longAgo), listedKey("B", longAgo.Add(day))}, []ReportKey{used, {Rotated: longAgo.Add(day), Used: No}}, "A=s3 B=never C=?"},
	} {
		keys, pending := joinKeys(c.listed, scanned, c.slots, reported, true)
		var got []string
		for i, k := range keys {
			id, _ := k.ID.Get()
			use, known := k.LastUsed.Get()
			text := use.Service
			switch {
			case known && use.Never():
				text = "never"
			case !known:
				text = "?"
			}
			if slices.Contains(pending, i) == known {
				t.Errorf("%s: key %s is pending and known alike", name, id)
			}
			if k.Created.Known() && k.Created.At() != scanned || known && k.LastUsed.At() != reported {
				t.Errorf("%s: key %s has wrong times", name, id)
			}
			got = append(got, string(id)+"="+text)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func TestStaleReportLeavesEveryLastUsePending(t *testing.T) {
	keys, pending := joinKeys([]awsapi.ListedKey{listedKey("A", longAgo)}, scanned, []ReportKey{{Active: Yes, Rotated: longAgo, Used: No}}, reported, false)
	if len(pending) != 1 || keys[0].LastUsed.At() != reported {
		t.Fatalf("%v %+v", pending, keys)
	}
}

func TestListingWithGaps(t *testing.T) {
	keys, _ := joinKeys([]awsapi.ListedKey{{}}, scanned, nil, reported, true)
	if k := keys[0]; k.ID.Known() || k.Status.Known() || k.Created.Known() || k.LastUsed.Known() {
		t.Fatalf("%+v", k)
	}
}

// TestFailedLookUpLeavesWhatTheReportTells: with its time, so that its age can
// be judged.
func TestFailedLookUpLeavesWhatTheReportTells(t *testing.T) {
	u := joined(&seen{usersBegan: scanned, users: []datedUser{listedUser("a", longAgo)},
		report: report{at: reported, rows: []ReportRow{rowOf("a", longAgo, ReportKey{Active: Yes, Rotated: longAgo, Used: No})}}})["a"]
	u.notListed(errors.New("throttled"))
	key := first(t, u.Keys)
	if key.ID.Why() != "throttled" || !key.Created.Known() || !key.LastUsed.Known() || key.LastUsed.At() != reported {
		t.Errorf("%+v", key)
	}
}

// TestWhatTheReportLeavesOpen: its words for nothing are an answer only where
// AWS says so.
func TestWhatTheReportLeavesOpen(t *testing.T) {
	row := rowOf("a", longAgo, ReportKey{Rotated: longAgo})
	row.Certificates = []ReportCertificate{{Rotated: longAgo}}
	u := joined(&seen{usersBegan: scanned, users: []datedUser{listedUser("a", longAgo)}, report: report{at: reported, rows: []ReportRow{row}}})["a"]
	if key := first(t, u.Keys); key.Status.Known() || key.LastUsed.Known() || !key.Created.Known() {
		t.Errorf("%+v", key)
	}
	if u.Password.Known() || u.SigningCertificates.Known() {
		t.Errorf("%+v %+v", u.Password, u.SigningCertificates)
	}
	row.User, row.Keys[0].Active = rootUser, Yes
	root := (&seen{report: report{at: reported, rows: []ReportRow{row}}, summaryErr: errors.New("denied")}).root()
	if password, known := root.Password.Get(); !known || !password.Enabled {
		t.Errorf("not_supported is the root user's password: %+v", root.Password)
	}
}

// TestRootCertificates: the summary is live, the report may be stale.
func TestRootCertificates(t *testing.T) {
	with := ReportRow{User: rootUser, Certificates: []ReportCertificate{{Active: Yes, Rotated: longAgo}}}
	for name, c := range map[string]struct {
		row     ReportRow
		summary bool
		want    int // -1: unknown
	}{
		"both": {with, true, 1}, "deleted since": {with, false, 0}, "made since": {ReportRow{User: rootUser}, true, -1}, "none": {ReportRow{User: rootUser}, false, 0},
	} {
		s := &seen{report: report{at: reported, rows: []ReportRow{c.row}}, summary: awsapi.Summary{RootCertificates: c.summary}, summaryAt: scanned}
		fact := s.root().SigningCertificates
		if list, known := fact.Get(); known != (c.want >= 0) || known && len(list) != c.want {
			t.Errorf("%s: %+v", name, fact)
		}
	}
}

// TestQuotaOfKeys: users with full slots may have more keys, unless the account
// is known to allow no more.
func TestQuotaOfKeys(t *testing.T) {
	full := rowOf("full", longAgo, ReportKey{Active: Yes, Rotated: longAgo}, ReportKey{Active: Yes, Rotated: longAgo})
	for name, c := range map[string]struct {
		quota int
		err   error
		look  bool
	}{"two": {2, nil, false}, "three": {3, nil, true}, "unknown": {0, errors.New("denied"), true}} {
		s := &seen{usersBegan: scanned, users: []datedUser{listedUser("full", longAgo)}, report: report{at: reported, rows: []ReportRow{full}}}
		s.summary.KeyQuota, s.summaryErr = c.quota, c.err
		if u := joined(s)["full"]; (u.mustLook != "") != c.look {
			t.Errorf("%s: %q", name, u.mustLook)
		}
	}
}

func TestRoot(t *testing.T) {
	withKey := report{at: reported, rows: []ReportRow{{User: rootUser, Keys: []ReportKey{{Active: Yes, Rotated: longAgo, Used: No}}}}}
	without := report{at: reported, rows: []ReportRow{{User: rootUser}}}
	more := report{at: reported, rows: []ReportRow{{User: rootUser, Keys: withKey.rows[0].Keys, Additional: "1 more"}}}
	off := report{at: reported, rows: []ReportRow{{User: rootUser, Keys: []ReportKey{{Active: No, Rotated: longAgo, Used: No}}}}}
	both := report{at: reported, rows: []ReportRow{{User: rootUser, Keys: []ReportKey{off.rows[0].Keys[0], {Active: Yes, Rotated: reported, Used: No}}}}}
	ofNow := func(r report) report { r.fresh = true; return r }
	for name, c := range map[string]struct {
		report  report
		summary bool
		err     error
		want    string
	}{
		"not counted, in a fresh report": {ofNow(withKey), false, nil, "1 Active credential report"},
		"off, not counted":               {ofNow(off), false, nil, "1 Inactive credential report"},
		"off, counted":                   {ofNow(off), true, nil, "1 Inactive credential report"},
		"off, not counted, stale report": {off, false, nil, "1 Inactive credential report"},
		"two, not counted, stale report": {both, false, nil, "2 Inactive ? credential report"},
		"none, in a fresh report":        {ofNow(without), false, nil, "0 iam:GetAccountSummary"},
		"report and summary agree":       {withKey, true, nil, "1 Active credential report"},
		"not counted, in a stale report": {withKey, false, nil, "1 ? credential report"},
		"key made since the report":      {without, true, nil, "1 ? iam:GetAccountSummary"},
		"more keys than the report has":  {more, true, nil, "2 Active ? credential report"},
		"none":                           {without, false, nil, "0 iam:GetAccountSummary"},
		"no report, key":                 {report{err: errors.New("denied")}, true, nil, "1 ? iam:GetAccountSummary"},
		"no report, no key":              {report{err: errors.New("denied")}, false, nil, "0 iam:GetAccountSummary"},
		"no report, no summary":          {report{err: errors.New("denied")}, false, errors.New("denied"), "unknown: denied"},
		"report only":                    {withKey, false, errors.New("denied"), "1 Active credential report"},
	} {
		s := &seen{report: c.report, summary: awsapi.Summary{RootKeys: c.summary}, summaryAt: scanned, summaryErr: c.err}
		fact := s.root().Keys
		keys, known := fact.Get()
		got := "unknown: " + fact.Why()
		if known {
			got = fmt.Sprint(len(keys))
			for _, k := range keys {
				if status, known := k.Status.Get(); known {
					got += " " + string(status)
				} else {
					got += " ?"
				}
			}
			got += " " + fact.Source()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestFailuresAreSummedUp(t *testing.T) {
	var f failures
	f.add("", nil, &awsapi.Error{Call: "iam:GetCredentialReport", Class: awsapi.Denied, Message: "no"})
	for i := range 100 {
		f.add(fmt.Sprintf("user-%03d", i), &awsapi.Error{Call: "iam:ListAccessKeys", Class: awsapi.Throttled, Message: "Rate exceeded"})
	}
	list := f.list("123456789012")
	if len(list) != 1+alikeShown+1 {
		t.Fatalf("%d lines", len(list))
	}
	last := list[len(list)-1]
	if last.User != "" || last.Account != "123456789012" || last.Err != "80 more users: Rate exceeded" || list[1].User != "user-000" {
		t.Fatalf("%+v", last)
	}
}
