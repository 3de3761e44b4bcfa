package managed

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

// state is as Terraform 1.9 writes it, with resources of other types whose
// attributes have other shapes.
const state = `{
  "version": 4, "terraform_version": "1.9.8", "serial": 12, "lineage": "6f1c6b1e-0000-4000-8000-000000000000",
  "outputs": {"secret": {"value": "` + secret + `", "type": "string", "sensitive": true}, "n": {"value": 1, "type": "number"}},
  "resources": [
    {"mode": "managed", "type": "aws_iam_user", "name": "billing", "instances": [{"attributes": {"id": "billing", "user": {"deep": [1, 2]}}}]},
    {"mode": "data", "type": "aws_iam_access_key", "name": "read", "instances": [{"attributes": {"id": "AKIAI44QH8DHBEXAMPLE"}}]},
    {"mode": "managed", "type": "random_id", "name": "x", "instances": [{"attributes": {"id": 7}}]},
    {"mode": "managed", "type": "aws_iam_access_key", "name": "billing", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
     "instances": [{"schema_version": 0, "attributes": {"id": "AKIAIOSFODNN7EXAMPLE", "secret": "` + secret + `", "user": "billing", "status": "Active"}}]},
    {"module": "module.ci[\"a.b\"]", "mode": "managed", "type": "aws_iam_access_key", "name": "this",
     "instances": [{"index_key": 0, "attributes": {"id": "AKIAJ0000000EXAMPLE0"}}, {"index_key": "it's", "attributes": {"id": "AKIAJ0000000EXAMPLE1"}},
                   {"index_key": 1, "attributes": {}}]}
  ],
  "check_results": null
}`

func TestReadState(t *testing.T) {
	found, err := readState(strings.NewReader(state), "s3://example-states/x")
	if err != nil {
		t.Fatal(err)
	}
	want := map[accesskey.ID]string{
		"AKIAIOSFODNN7EXAMPLE": "Terraform, aws_iam_access_key.billing in s3://example-states/x",
		"AKIAJ0000000EXAMPLE0": `Terraform, module.ci["a.b"].aws_iam_access_key.this[0] in s3://example-states/x`,
		"AKIAJ0000000EXAMPLE1": `Terraform, module.ci["a.b"].aws_iam_access_key.this["it's"] in s3://example-states/x`,
	}
	if len(found) != len(want) {
		t.Errorf("%d keys, want %d: %v", len(found), len(want), found)
	}
	for id, text := range want {
		if found[id].String() != text {
			t.Errorf("%s: %s, want %s", id, found[id], text)
		}
	}
}

func TestReadStateThatIsNone(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":        {"", "ends in the middle"},
		"cut off":      {state[:len(state)/2], "ends in the middle"},
		"cut at end":   {state[:strings.LastIndex(state, "}")], "ends in the middle"},
		"no JSON":      {"secret = " + secret, "no Terraform state"},
		"a list":       {"[]", "no Terraform state"},
		"another":      {`{"a": 1}`, "version 0"},
		"old":          {`{"version": 3, "modules": [], "resources": []}`, "version 3"},
		"no resources": {`{"version": 4, "serial": 1}`, "no list of resources"},
		"encrypted":    {`{"meta": {}, "encrypted_data": "` + secret + `", "encryption_version": "v0"}`, "encrypted"},
		"bad list":     {`{"version": 4, "resources": {"x": "` + secret + `"}}`, "no Terraform state"},
		"bad resource": {`{"version": 4, "resources": ["` + secret + `"]}`, "no Terraform state"},
	} {
		found, err := readState(strings.NewReader(c.text), "x")
		if err == nil || !strings.Contains(err.Error(), c.want) || found != nil {
			t.Errorf("%s: %v %v, want %q", name, found, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), secret[:12]) {
			t.Errorf("%s: the error shows the secret", name)
		}
	}
}

// endless is a state of n resources, made as it is read.
type endless struct {
	left int
	buf  []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.buf) == 0 {
		switch e.left--; {
		case e.left > 0:
			e.buf = []byte(`{"mode": "managed", "type": "aws_x", "name": "y", "instances": [{"attributes": {"id": "z", "text": "` + strings.Repeat("x", 4000) + `"}}]},`)
		case e.left == 0:
			e.buf = []byte(`{"mode": "managed"}]}`)
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, e.buf)
	e.buf = e.buf[n:]
	return n, nil
}

// TestStateOfAnySize: memory goes with one resource, not with the state.
func TestStateOfAnySize(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	text := io.MultiReader(strings.NewReader(`{"version": 4, "resources": [`), &endless{left: 20000}) // 80 MB
	if _, err := readState(text, "x"); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 32<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
}

type cloud struct {
	objects map[string]string
	stacks  map[string]string // region/key → stack
	asked   int
	err     error

	enabled []string
	stacked map[string]int // by region: 0: none, 1: some, -1: barred
}

func (c *cloud) EnabledRegions(context.Context) ([]string, error) { return c.enabled, c.err }

func (c *cloud) AnyStack(_ context.Context, region string) (any, barred bool, err error) {
	return c.stacked[region] > 0, c.stacked[region] < 0, nil
}

// TestEverywhere: of all regions those with stacks are asked about keys, and it is
// known in which nobody could be asked.
func TestEverywhere(t *testing.T) {
	c := &cloud{
		enabled: []string{"ap-south-1", "eu-west-1", "us-east-1"}, stacked: map[string]int{"ap-south-1": -1, "eu-west-1": 1},
		stacks: map[string]string{"eu-west-1/AKIAI44QH8DHBEXAMPLE": "billing", "us-east-1/AKIAIOSFODNN7EXAMPLE": "never asked"},
	}
	r := New(Sources{Everywhere: true}, nil, c, time.Now)
	if owner, err := r.Of(t.Context(), "AKIAI44QH8DHBEXAMPLE"); err != nil || owner == nil || owner.Where != "stack billing in eu-west-1" {
		t.Errorf("%v %v", owner, err)
	}
	if owner, err := r.Of(t.Context(), "AKIAIOSFODNN7EXAMPLE"); err != nil || owner != nil {
		t.Errorf("%v %v", owner, err)
	}
	if barred := r.Barred(); len(barred) != 1 || barred[0] != "ap-south-1" {
		t.Error(barred)
	}
	c.err = errors.New("denied")
	if owner, err := New(Sources{Everywhere: true}, nil, c, time.Now).Of(t.Context(), "AKIAI44QH8DHBEXAMPLE"); err == nil {
		t.Errorf("which regions there are can't be told, and it is %v's", owner)
	}
}

func (c *cloud) Object(_ context.Context, bucket, key string, read func(io.Reader) error) error {
	c.asked++
	text, ok := c.objects[bucket+"/"+key]
	if !ok {
		return errors.New("NoSuchKey")
	}
	_ = read(strings.NewReader(text[:len(text)/3])) // the network breaks off, and it is read again
	return read(strings.NewReader(text))
}

func (c *cloud) StackThatMade(_ context.Context, region string, key accesskey.ID) (string, string, error) {
	return c.stacks[region+"/"+string(key)], "Key", c.err
}

func TestRegistry(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "terraform.tfstate")
	if err := os.WriteFile(path, []byte(`{"version": 4, "resources": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &cloud{objects: map[string]string{"example-states/a/b.tfstate": state}, stacks: map[string]string{"eu-west-1/AKIAI44QH8DHBEXAMPLE": "billing"}}
	r := New(Sources{States: []string{path, "s3://example-states/a/b.tfstate"}, Regions: []string{"us-east-1", "eu-west-1"}}, c, c, func() time.Time { return now })
	for id, want := range map[accesskey.ID]string{
		"AKIAIOSFODNN7EXAMPLE": "Terraform, aws_iam_access_key.billing in s3://example-states/a/b.tfstate",
		"AKIAI44QH8DHBEXAMPLE": "CloudFormation, Key in stack billing in eu-west-1",
	} {
		owner, err := r.Of(t.Context(), id)
		if err != nil || owner == nil || owner.String() != want {
			t.Errorf("%s: %v %v", id, owner, err)
		}
	}
	if owner, err := r.Of(t.Context(), "AKIAJ0000000NOBODYS0"); owner != nil || err != nil {
		t.Errorf("%v %v", owner, err)
	}
	if c.asked != 1 {
		t.Errorf("the state was read %d times", c.asked)
	}
	now = now.Add(time.Hour)
	if _, _ = r.Of(t.Context(), "AKIAIOSFODNN7EXAMPLE"); c.asked != 2 {
		t.Error("an hour later it wasn't read again")
	}
}

// TestUnreadIsNotNobody: a source that can't be read leaves every key without an
// answer that no other source knows.
func TestUnreadIsNotNobody(t *testing.T) {
	c := &cloud{objects: map[string]string{"example-states/good": state}}
	r := New(Sources{States: []string{"s3://example-states/none", "s3://example-states/good"}}, c, c, time.Now)
	if owner, err := r.Of(t.Context(), "AKIAJ0000000NOBODYS0"); err == nil || !strings.Contains(err.Error(), "s3://example-states/none") {
		t.Errorf("%v %v", owner, err)
	}
	if owner, err := r.Of(t.Context(), "AKIAIOSFODNN7EXAMPLE"); owner == nil || err != nil {
		t.Errorf("what the other state knows: %v %v", owner, err)
	}
	c.err = errors.New("denied")
	r = New(Sources{Regions: []string{"us-east-1"}}, c, c, time.Now)
	if owner, err := r.Of(t.Context(), "AKIAIOSFODNN7EXAMPLE"); owner != nil || err == nil {
		t.Errorf("CloudFormation: %v %v", owner, err)
	}
}

func TestHandOver(t *testing.T) {
	found, err := readState(strings.NewReader(state), "x")
	if err != nil {
		t.Fatal(err)
	}
	one := found["AKIAIOSFODNN7EXAMPLE"].HandOver()
	for _, want := range []string{"removed {\n    from = aws_iam_access_key.billing\n", "destroy = false", "terraform state rm 'aws_iam_access_key.billing'"} {
		if !strings.Contains(one, want) {
			t.Errorf("no %q in\n%s", want, one)
		}
	}
	many := found["AKIAJ0000000EXAMPLE1"].HandOver()
	if strings.Contains(many, "removed {") || !strings.Contains(many, `terraform state rm 'module.ci["a.b"].aws_iam_access_key.this["it'\''s"]'`) {
		t.Error(many)
	}
	stack := Owner{Program: "CloudFormation", Address: "Key", Where: "stack billing in eu-west-1"}.HandOver()
	for _, o := range []Owner{found["AKIAIOSFODNN7EXAMPLE"], found["AKIAJ0000000EXAMPLE1"], {Program: "CloudFormation", Address: "Key", Where: "stack billing in eu-west-1"}} {
		if again := HandOverOf(o.String()); again != o.HandOver() {
			t.Errorf("%s:\n%s\nwant\n%s", o, again, o.HandOver())
		}
	}
	if text := HandOverOf("Terraform, by which it was made (CloudTrail: arn:aws:iam::123456789012:user/ci)"); text != "" {
		t.Error(text)
	}
	if !strings.Contains(stack, "DeletionPolicy: Retain") || !strings.Contains(stack, "stack billing in eu-west-1") {
		t.Error(stack)
	}
}

func TestSourcesThatCannotBe(t *testing.T) {
	for _, name := range []string{"s3://bucket", "s3:///key", "https://example.com/state", ""} {
		if err := (Sources{States: []string{name}}).Check(); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
	if err := (Sources{States: []string{"terraform.tfstate", `C:\x\terraform.tfstate`, "s3://bucket/env:/prod/x"}}).Check(); err != nil {
		t.Error(err)
	}
}

func FuzzReadState(f *testing.F) {
	f.Add(state)
	f.Add(`{"version": 4, "resources": [{"mode": "managed", "type": "aws_iam_access_key", "instances": [{"index_key": [], "attributes": {"id": {}}}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if found, err := readState(strings.NewReader(text), "x"); (err == nil) != (found != nil) {
			t.Errorf("%v %v", found, err)
		}
	})
}
