package evidence

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/usage"
)

const (
	account  = "123456789012"
	key      = accesskey.ID("AKIAIOSFODNN7EXAMPLE")
	otherKey = accesskey.ID("AKIAI44QH8DHBEXAMPLE")
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func record(id string, of accesskey.ID, more string) string {
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","accessKeyId":%q,"userName":"worker"},"eventTime":"2026-11-23T10:00:00Z",`+
		`"eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"eu-central-1","sourceIPAddress":"192.0.2.1","userAgent":"acme/1 \"q\\\"",`+
		`"requestParameters":{"a":"}],[{\\\"","n":-1.5e3,"secretish":"x"},"responseElements":null,"eventID":%q%s}`, of, id, more)
}

func TestRecords(t *testing.T) {
	one, two := record("1", key, ""), record("2", otherKey, `,"errorCode":"AccessDenied"`)
	for name, c := range map[string]struct {
		file string
		want []string
		fail string
	}{
		"as written":     {`{"Records":[` + one + `,` + two + `]}`, []string{one, two}, ""},
		"spaced":         {" {\n \"Records\" : [\n" + one + " ,\n" + two + "\n]\n}\n", []string{one, two}, ""},
		"none":           {`{"Records":[]}`, nil, ""},
		"lines":          {one + "\n" + two + "\n", []string{one, two}, ""},
		"empty":          {"", nil, ""},
		"torn":           {`{"Records":[` + one + `,` + two[:90], []string{one}, "middle of a record"},
		"torn in string": {`{"Records":[{"a":"b\"`, nil, "middle of a record"},
		"no list":        {`{"Records":7}`, nil, "not a CloudTrail log file"},
		"something else": {"PK\x03\x04", nil, "not a CloudTrail log file"},
		"list of what":   {`{"Records":[7]}`, nil, "not a CloudTrail log file"},
	} {
		for how, in := range map[string]io.Reader{"whole": strings.NewReader(c.file), "byte by byte": iotest.OneByteReader(strings.NewReader(c.file))} {
			var got []string
			err := records(in, func(r []byte) error { got = append(got, string(r)); return nil })
			if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != (c.fail == "") || err != nil && !strings.Contains(err.Error(), c.fail) {
				t.Errorf("%s, %s: %v\n%s", name, how, err, diff)
			}
		}
	}
}

func TestRecordsLargerThanABuffer(t *testing.T) {
	large := record("1", key, `,"blob":"`+strings.Repeat("x", 3<<20)+`"`)
	n := 0
	if err := records(strings.NewReader(`{"Records":[`+large+`,`+large+`]}`), func(r []byte) error { n += len(r); return nil }); err != nil || n != 2*len(large) {
		t.Error(n, err)
	}
	huge := `{"Records":[{"blob":"` + strings.Repeat("x", maxRecord) + `"}]}`
	if err := records(strings.NewReader(huge), func([]byte) error { return nil }); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Error(err)
	}
}

func TestEventOf(t *testing.T) {
	got, data := eventOf([]byte(record("e1", key, `,"errorCode":"AccessDenied","vpcEndpointId":"vpce-0a","managementEvent":false,"eventCategory":"Data"`)))
	want := usage.Event{ID: "e1", At: noon.Add(-2 * time.Hour), Key: key, Source: "vpce-0a", Agent: `acme/1 "q\"`, Error: "AccessDenied",
		What: usage.What{Service: "ec2.amazonaws.com", Action: "DescribeInstances", Region: "eu-central-1"}}
	if diff := cmp.Diff(want, got); diff != "" || !data {
		t.Error(diff, data)
	}
	if got, _ := eventOf([]byte(`{"broken`)); got.Key != "" {
		t.Error(got)
	}
}

func TestMentions(t *testing.T) {
	wanted := map[accesskey.ID]bool{key: true}
	for text, want := range map[string]bool{
		record("1", key, ""): true, record("1", otherKey, ""): false, record("1", otherKey, `,"of":"`+string(key)+`"`): true,
		"AKIA": false, string(key) + "X": false, "AKIAAKIA" + string(key): false, "AKIA-" + string(key): true,
	} {
		if got := mentions([]byte(text), wanted); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// memory is a Keeper.
type memory struct {
	lock     sync.Mutex
	readings map[usage.Stream]usage.Reading
	uses     map[usage.Stream][]usage.Use
}

func newMemory() *memory {
	return &memory{readings: map[usage.Stream]usage.Reading{}, uses: map[usage.Stream][]usage.Use{}}
}

func (m *memory) Reading(_ context.Context, s usage.Stream) (usage.Reading, []usage.Use, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	r := m.readings[s]
	r.Todo = append([]usage.Span(nil), r.Todo...)
	return r, m.uses[s], nil
}

func (m *memory) KeepReading(_ context.Context, s usage.Stream, r usage.Reading, uses []usage.Use) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	r.Todo = append([]usage.Span(nil), r.Todo...)
	m.readings[s], m.uses[s] = r, uses
	return nil
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := io.WriteString(zip, text); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func calls(uses []usage.Use) (n int64) {
	for _, u := range uses {
		n += u.Count
	}
	return n
}

func TestFolder(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, content []byte) {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := `{"Records":[` + record("1", key, "") + `,` + record("2", otherKey, "") + `,` + record("1", key, "") + `]}`
	write("a/one.json.gz", packed(t, file))
	write("a/two.json", []byte(`{"Records":[`+record("3", key, `,"errorCode":"AccessDenied"`)+`]}`))
	write("a/again.json", []byte(file)) // CloudTrail delivers at least once
	write("CloudTrail-Digest/x.json", []byte(`{"Records":[`+record("9", key, "")+`]}`))
	write("a/notes.txt", []byte("no log"))
	write("a/broken.json.gz", []byte("no zip"))
	write("a/torn.json", []byte(`{"Records":[`+record("4", key, "")+`,{"x`))

	keep := newMemory()
	logs := Logs{Account: account, Store: Folder(folder), Keep: keep, Since: noon.AddDate(0, 0, -1), Now: noon}
	for range 2 { // read again, nothing is counted again
		found, err := logs.Collect(t.Context(), []accesskey.ID{key, otherKey})
		if err != nil {
			t.Fatal(err)
		}
		f := found[key]
		if calls(f.Uses) != 3 || calls(found[otherKey].Uses) != 1 {
			t.Errorf("%d calls, %d of the other", calls(f.Uses), calls(found[otherKey].Uses))
		}
		if len(f.Unread) != 2 || !strings.Contains(fmt.Sprint(f.Unread), "broken.json.gz") || !strings.Contains(fmt.Sprint(f.Unread), "torn.json") {
			t.Errorf("unread: %v", f.Unread)
		}
		if f.Data {
			t.Error("there are no data events")
		}
	}
	none := Logs{Account: account, Store: Folder(t.TempDir()), Keep: keep, Now: noon}
	if found, err := none.Collect(t.Context(), []accesskey.ID{key}); err != nil || len(found[key].Unread) != 1 {
		t.Error("an empty folder was taken for silence", found, err)
	}
	gone := Logs{Account: account, Store: Folder(filepath.Join(folder, "nowhere")), Keep: keep, Now: noon}
	if found, err := gone.Collect(t.Context(), []accesskey.ID{key}); err != nil || len(found[key].Unread) != 1 {
		t.Error("no folder was taken for silence", found, err)
	}
}

// What is no whole log file is never taken for silence: one that ends early, one
// that says something else, one whose checksum is wrong. Files that were put
// together are read to their end; what two accounts tell of one call is one call.
func TestNoFileIsTakenForSilence(t *testing.T) {
	const shared = `,"sharedEventID":"1c1d7a3e-3f0e-4a1d-8a3b-6f0f0e5d2c11"`
	one, two := `{"Records":[`+record("1", key, "")+`]}`, `{"Records":[`+record("2", key, "")+"]}\n"
	wrong := packed(t, one)
	wrong[len(wrong)-8] ^= 1 // of the checksum
	for name, c := range map[string]struct {
		file   string
		calls  int64
		unread bool
	}{
		"put together.json":                   {one + "\n" + two, 2, false},
		"packed, put together.json.gz":        {string(packed(t, one)) + string(packed(t, two)), 2, false},
		"one after the other.json":            {record("1", key, "") + "\n" + record("2", key, ""), 2, false},
		"none.json":                           {`{"Records":[]}`, 0, false},
		"ends behind a record.json":           {`{"Records":[` + record("1", key, ""), 1, true},
		"ends behind a comma.json":            {`{"Records":[` + record("1", key, "") + ",", 1, true},
		"rest behind it.json":                 {one + "garbage", 1, true},
		"wrong checksum.json.gz":              {string(wrong), 0, true},
		"what the AWS CLI prints.json":        {`{"Events":[{"EventId":"1","AccessKeyId":"` + string(key) + `","CloudTrailEvent":"{}"}]}`, 0, true},
		"something else.json":                 {`{"name":"` + string(key) + `"}`, 0, true},
		"events without an ID of theirs.json": {`{"Records":[` + record("", key, "") + `,` + record("", key, "") + `]}`, 2, false},
		"of both accounts of a call.json":     {`{"Records":[` + record("1", key, shared) + `,` + record("2", key, shared) + `,` + record("1", key, shared) + `,` + record("3", key, "") + `]}`, 2, false},
		"shared by nobody.json":               {`{"Records":[` + record("1", key, `,"sharedEventID":null`) + `,` + record("2", key, `,"sharedEventID":""`) + `]}`, 2, false},
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		found, err := Logs{Account: account, Store: Folder(path), Keep: newMemory(), Since: noon.AddDate(0, 0, -1), Now: noon}.Collect(t.Context(), []accesskey.ID{key})
		if err != nil {
			t.Fatal(err)
		}
		if f := found[key]; calls(f.Uses) != c.calls || len(f.Unread) > 0 != c.unread {
			t.Errorf("%s: %d calls, want %d; unread %v", name, calls(f.Uses), c.calls, f.Unread)
		}
	}
}

// What lies among log files may be anything: nothing of it is waited for, and nothing
// that could hold events is passed over in silence.
func TestFolderOfStrangeThings(t *testing.T) {
	top := t.TempDir()
	folder, other := filepath.Join(top, "logs"), filepath.Join(top, "other")
	for _, name := range []string{folder, other} {
		if err := os.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(other, "one.json"), []byte(`{"Records":[`+record("1", key, "")+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{
		filepath.Join(folder, "2026"): other, filepath.Join(folder, "loop"): folder, filepath.Join(folder, "gone.json"): filepath.Join(top, "nowhere"), filepath.Join(folder, "null.json"): os.DevNull,
		filepath.Join(folder, "linked.json"): filepath.Join(other, "one.json"), filepath.Join(top, "link"): folder, filepath.Join(folder, "notes"): filepath.Join(other, "one.json"),
	} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	for _, start := range []string{folder, filepath.Join(top, "link")} {
		found, err := Logs{Account: account, Store: Folder(start), Keep: newMemory(), Since: noon.AddDate(0, 0, -1), Now: noon}.Collect(t.Context(), []accesskey.ID{key})
		if err != nil {
			t.Fatal(err)
		}
		f := found[key]
		if calls(f.Uses) != 1 {
			t.Errorf("%s: %d calls: %v", start, calls(f.Uses), f.Unread)
		}
		for _, name := range []string{"2026", "loop", "gone.json", "null.json"} {
			if !slices.ContainsFunc(f.Unread, func(g usage.Gap) bool { return strings.HasSuffix(g.Where, name) }) {
				t.Errorf("%s: nothing is said of %s: %v", start, name, f.Unread)
			}
		}
		if len(f.Unread) != 4 {
			t.Errorf("%s: %v", start, f.Unread)
		}
	}
}

// endless is a store of a file without end, which is interrupted while it is read.
type endless struct{ stop context.CancelFunc }

func (endless) String() string { return "endless" }

func (endless) List(_ context.Context, _ time.Time, each func(string) error) error {
	return each("endless.json")
}

func (e endless) Open(_ context.Context, _ string, read func(io.Reader) error) error { return read(e) }

func (e endless) Read(into []byte) (int, error) {
	e.stop()
	return copy(into, "   "), nil
}

func TestAFileWithoutEndEndsWithItsReader(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	_, err := Logs{Account: account, Store: endless{stop}, Keep: newMemory(), Now: noon}.Collect(ctx, []accesskey.ID{key})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// What lies in the future did not happen: it is said, and not counted.
func TestEventsOfTheFuture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "one.json")
	later := strings.Replace(record("2", key, ""), "2026-11-23T10", "2099-11-23T10", 1)
	if err := os.WriteFile(path, []byte(`{"Records":[`+record("1", key, "")+`,`+later+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := Logs{Account: account, Store: Folder(path), Keep: newMemory(), Since: noon.AddDate(0, 0, -1), Now: noon}.Collect(t.Context(), []accesskey.ID{key})
	if f := found[key]; err != nil || calls(f.Uses) != 1 || len(f.Unread) != 1 || !strings.Contains(f.Unread[0].Where, "1 event ") {
		t.Errorf("%d calls, %v, %v", calls(f.Uses), f.Unread, err)
	}
}

// Whatever a record's texts hold, they stay in their line and short.
func TestWhatARecordSaysStaysInItsLine(t *testing.T) {
	text := strings.NewReplacer("acme/1 ", `a\n\u001b[31m\u202e`, "192.0.2.1", `203.0.113.9\nTrusts: *`, "eu-central-1", `eu\r`, "DescribeInstances", strings.Repeat("x", 5000)).Replace(record("1", key, ""))
	e, _ := eventOf([]byte(text))
	for _, got := range []string{e.Agent, e.Source, e.Region, e.Action} {
		if len(got) > longest || strings.ContainsAny(got, "\n\r\x1b\u202e") || got == "" {
			t.Errorf("%.80q", got)
		}
	}
}

func TestImplausibleRows(t *testing.T) {
	asked := question{since: noon.AddDate(0, 0, -90), now: noon}
	row := func(first, last, count, errors, denied string) error {
		_, use, err := useOfRow([]string{string(key), "192.0.2.1", "acme/1", "ec2.amazonaws.com", "DescribeInstances", "us-east-1", first, last, count, errors, denied, "2026-11-22"})
		if err != nil {
			return err
		}
		return asked.plausible(use)
	}
	const before, after = "2026-11-22T01:00:00Z", "2026-11-22T02:00:00Z"
	if err := row(before, after, "3", "2", "1"); err != nil {
		t.Error(err)
	}
	for _, c := range [][5]string{
		{before, after, "0", "0", "0"}, {before, after, "-3", "0", "0"}, {before, after, "1", "2", "0"}, {before, after, "3", "1", "2"}, {before, after, "3", "1", "-1"},
		{after, before, "3", "0", "0"}, {before, "2099-11-22T02:00:00Z", "3", "0", "0"}, {"1999-11-22T02:00:00Z", after, "3", "0", "0"}, {before, after, "many", "0", "0"},
	} {
		if row(c[0], c[1], c[2], c[3], c[4]) == nil {
			t.Errorf("%v is believed", c)
		}
	}
}

// simulated is an account with events of the past, and a session in it.
func simulated(t *testing.T, change func(*fakeaws.AccountSpec)) (*fakeaws.AWS, *awsapi.Session) {
	t.Helper()
	spec := fakeaws.AccountSpec{ID: account, Admin: "admin", Users: []fakeaws.UserSpec{
		{Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{}}},
		{Name: "worker", Keys: []fakeaws.KeySpec{{ID: string(key)}, {ID: string(otherKey)}}},
	}}
	change(&spec)
	cloud := fakeaws.New(fakeaws.Config{Start: noon, Hurried: true})
	cloud.AddAccount(spec)
	id, secret := cloud.AdminKey(account)
	session := awsapi.OpenWithKey(t.Context(), accesskey.ID(id), accesskey.NewSecret(secret), awsapi.Options{
		Region: "us-east-1", HTTPClient: &http.Client{Transport: cloud.RoundTripper()}, Unpaced: true,
	})
	if err := session.AskTime(t.Context()); err != nil {
		t.Fatal(err)
	}
	return cloud, session
}

func past(at time.Time, days, times int) fakeaws.EventSpec {
	return fakeaws.EventSpec{At: at, Days: days, Times: times, Key: string(key), Service: "ec2.amazonaws.com", Name: "DescribeInstances", Source: "192.0.2.1", Agent: "acme/1"}
}

func TestBucket(t *testing.T) {
	data := past(noon.Add(-30*time.Hour), 1, 4)
	data.Data, data.Service, data.Name, data.Region = true, "s3.amazonaws.com", "GetObject", "eu-central-1"
	_, session := simulated(t, func(s *fakeaws.AccountSpec) {
		s.Events = []fakeaws.EventSpec{past(noon.Add(-2*time.Hour), 20, 3), data}
		s.Buckets = []fakeaws.BucketSpec{{Name: "example-trail", Region: "eu-west-1", Trail: "org/o-example", Objects: map[string]string{
			"org/o-example/AWSLogs/210987654321/CloudTrail/us-east-1/2026/11/23/x.json":        "not to be read",
			"org/o-example/AWSLogs/123456789012/CloudTrail-Digest/us-east-1/2026/11/23/x.json": "not to be read",
			"org/o-example/readme.txt": "not to be read",
		}}}
	})
	for prefix, want := range map[string]int64{"": 34, "org/o-example/AWSLogs/123456789012/CloudTrail/us-east-1/": 30, "org/o-example/AWSLogs/123456789012/CloudTrail/us-east-1/2026/11/23/": 3} {
		logs := Logs{Account: account, Store: Bucket{S3: session, Name: "example-trail", Prefix: prefix, Account: account}, Keep: newMemory(), Since: noon.AddDate(0, 0, -10), Now: noon}
		found, err := logs.Collect(t.Context(), []accesskey.ID{key})
		if f := found[key]; err != nil || calls(f.Uses) != want || len(f.Unread) != 0 || f.Data != (prefix == "") {
			t.Errorf("%q: %d calls, want %d; data %v; unread %v; %v", prefix, calls(f.Uses), want, f.Data, f.Unread, err)
		}
	}
	missing := Logs{Account: account, Store: Bucket{S3: session, Name: "example-none", Account: account}, Keep: newMemory(), Now: noon}
	if found, err := missing.Collect(t.Context(), []accesskey.ID{key}); err != nil || len(found[key].Unread) != 1 {
		t.Error(found, err)
	}
}

func TestTable(t *testing.T) {
	denied := past(noon.Add(-5*time.Hour), 2, 1)
	denied.Error, denied.Name = "AccessDenied", "RunInstances"
	_, session := simulated(t, func(s *fakeaws.AccountSpec) {
		s.Events = []fakeaws.EventSpec{past(noon.Add(-2*time.Hour), 20, 3), denied}
		s.AthenaTables = []string{"logs.cloudtrail"}
	})
	ask := func(name string, day string) Found {
		table := Table{Account: account, Athena: session, Name: name, Output: "s3://example-athena/x", Day: day, Keep: newMemory(), Since: noon.AddDate(0, 0, -10), Now: noon}
		found, err := table.Collect(t.Context(), []accesskey.ID{key, otherKey})
		if err != nil || len(found[otherKey].Uses) != 0 {
			t.Fatal(found, err)
		}
		return found[key]
	}
	for _, day := range []string{"", "timestamp"} {
		f := ask("logs.cloudtrail", day)
		if calls(f.Uses) != 32 || len(f.Unread) != 0 || f.Uses[1].Denied != 2 || len(f.Uses[0].Days) != 10 {
			t.Errorf("%+v", f)
		}
	}
	if f := ask("logs.none", ""); len(f.Unread) != 1 || !strings.Contains(f.Unread[0].Why, "TABLE_NOT_FOUND") {
		t.Errorf("%+v", f)
	}
	if err := CheckTable(`logs."x`, ""); err == nil {
		t.Error("a quote was taken for a name")
	}
}

// What was read of the event history is read once, however often it was broken
// off, and events that come are added.
func TestHistoryGoesOn(t *testing.T) {
	cloud, session := simulated(t, func(s *fakeaws.AccountSpec) {
		s.Events = []fakeaws.EventSpec{past(noon.Add(-3*time.Hour), 80, 10), past(noon.Add(-30*time.Minute), 1, 2), past(noon.Add(-3*time.Hour), 80, 10)} // twins in one second
	})
	keep := newMemory()
	collect := func(fail bool, days int) (Found, error) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		cloud.SetFault(func(fakeaws.Call) fakeaws.Fault {
			if n++; fail && n == 6 {
				cancel()
			}
			return fakeaws.Proceed()
		})
		h := History{Account: account, Trail: session, Keep: keep, Within: time.Minute}
		return h.Collect(ctx, key, []string{"us-east-1"}, noon.AddDate(0, 0, -days))
	}
	for range 3 {
		if f, err := collect(true, 90); err == nil || len(f.Unread) != 1 || calls(f.Uses) > 1602 {
			t.Fatalf("%d calls, %v, %v", calls(f.Uses), f.Unread, err)
		}
	}
	for range 2 {
		f, err := collect(false, 90)
		if err != nil || calls(f.Uses) != 1602 || len(f.Unread) != 0 {
			t.Fatalf("%d calls, want 1602; %v %v", calls(f.Uses), f.Unread, err)
		}
	}
	cloud.Advance(3 * time.Hour) // what was young is kept now
	f, err := collect(false, 90)
	if err != nil || calls(f.Uses) != 1602 {
		t.Fatalf("%d calls, want 1602; %v", calls(f.Uses), err)
	}
}

func TestHistoryWithinItsTime(t *testing.T) {
	_, session := simulated(t, func(s *fakeaws.AccountSpec) { s.Events = []fakeaws.EventSpec{past(noon.Add(-3*time.Hour), 1, 1)} })
	h := History{Account: account, Trail: session, Keep: newMemory(), Within: time.Nanosecond}
	f, err := h.Collect(t.Context(), key, []string{"us-east-1", "eu-west-1"}, noon.AddDate(0, 0, -90))
	if err != nil || len(f.Unread) != 2 || !strings.Contains(f.Unread[0].Why, "run it again") {
		t.Errorf("%+v %v", f, err)
	}
}

// A longer look back reads what was not asked for before, and nothing else.
func TestHistoryLooksFartherBack(t *testing.T) {
	cloud, session := simulated(t, func(s *fakeaws.AccountSpec) { s.Events = []fakeaws.EventSpec{past(noon.Add(-3*time.Hour), 60, 5)} })
	keep := newMemory()
	h := History{Account: account, Trail: session, Keep: keep, Within: time.Minute}
	for _, c := range []struct {
		days int
		want int64
	}{{10, 50}, {60, 300}, {5, 300}} {
		cloud.ResetCalls()
		f, err := h.Collect(t.Context(), key, []string{"us-east-1"}, noon.AddDate(0, 0, -c.days))
		if err != nil || calls(f.Uses) != c.want {
			t.Errorf("%d days: %d calls, want %d; %v", c.days, calls(f.Uses), c.want, err)
		}
	}
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte(`{"Records":[` + record("1", key, "") + `]}`))
	f.Add([]byte(`{"a":"\\`))
	f.Fuzz(func(_ *testing.T, file []byte) {
		_ = records(bytes.NewReader(file), func(r []byte) error {
			_, _ = eventOf(r)
			return nil
		})
	})
}

// One region may not be read: that is said, and leaves the others.
func TestHistoryOfADeniedRegion(t *testing.T) {
	cloud, session := simulated(t, func(s *fakeaws.AccountSpec) { s.Events = []fakeaws.EventSpec{past(noon.Add(-3*time.Hour), 4, 1)} })
	cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
		if c.Region == "eu-west-1" {
			return fakeaws.Refuse(400, "AccessDeniedException", "User: x is not authorized to perform: cloudtrail:LookupEvents")
		}
		return fakeaws.Proceed()
	})
	h := History{Account: account, Trail: session, Keep: newMemory(), Within: time.Minute}
	f, err := h.Collect(t.Context(), key, []string{"eu-west-1", "us-east-1"}, noon.AddDate(0, 0, -90))
	if err != nil || calls(f.Uses) != 4 || len(f.Unread) != 1 || !strings.Contains(f.Unread[0].Where, "eu-west-1") || !strings.Contains(f.Unread[0].Why, "cloudtrail:LookupEvents") {
		t.Errorf("%+v %v", f, err)
	}
	cloud.SetFault(nil)
	if f, err = h.Collect(t.Context(), key, []string{"eu-west-1", "us-east-1"}, noon.AddDate(0, 0, -90)); err != nil || calls(f.Uses) != 4 || len(f.Unread) != 0 {
		t.Errorf("%+v %v", f, err)
	}
}
