package locate

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/kubernetes"
)

const worker = "worker"

// wanted is a search for the example's key.
func wanted() Search {
	return Search{Wanted: map[accesskey.ID]Whose{exampleID: {"123456789012", worker}}, AtOnce: 2}
}

// said is what was found, a line each.
func saidOf(found Found) []string {
	var all []string
	for _, f := range found.Finds {
		all = append(all, f.Place())
	}
	return all
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func sessionWith(t *testing.T, spec fakeaws.AccountSpec) (*awsapi.Session, *fakeaws.AWS) {
	t.Helper()
	spec.ID, spec.Admin = "123456789012", "admin"
	spec.Users = append(spec.Users, fakeaws.UserSpec{Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{}}})
	cloud := fakeaws.New(fakeaws.Config{Hurried: true})
	cloud.AddAccount(spec)
	id, secret := cloud.AdminKey(spec.ID)
	return awsapi.OpenWithKey(t.Context(), accesskey.ID(id), accesskey.NewSecret(secret), awsapi.Options{
		Region: "us-east-1", HTTPClient: &http.Client{Transport: cloud.RoundTripper()}, Unpaced: true,
	}), cloud
}

func TestUserDataIsUnpacked(t *testing.T) {
	mime := "Content-Type: multipart/mixed\n\n" + wrapped(base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\nexport KEY="+exampleID+"\n")), 60)
	session, _ := sessionWith(t, fakeaws.AccountSpec{Instances: []fakeaws.InstanceSpec{
		{ID: "i-1", UserData: packed(t, "export KEY="+exampleID)}, {ID: "i-2", UserData: mime}, {ID: "i-3", UserData: exampleID, State: "terminated"}, {ID: "i-4"},
	}})
	s := wanted()
	s.Session, s.Account, s.Regions, s.In = session, "123456789012", []string{"us-east-1"}, []Kind{InUserData}
	found := s.Run(t.Context())
	want := []string{"user data of instance i-1 in us-east-1", "user data of instance i-2 in us-east-1"}
	if got := saidOf(found); !slices.Equal(got, want) || len(found.Gaps) != 0 {
		t.Errorf("%q, gaps %v", got, found.Gaps)
	}
}

// TestManyPages: lists are read to their end.
func TestManyPages(t *testing.T) {
	spec := fakeaws.AccountSpec{}
	for i := range 120 {
		name, text := fmt.Sprintf("n-%03d", i), "none"
		if i%40 == 39 {
			text = exampleID
		}
		spec.Functions = append(spec.Functions, fakeaws.FunctionSpec{Name: name, Environment: map[string]string{"KEY": text}})
		spec.Parameters = append(spec.Parameters, fakeaws.ParameterSpec{Name: name, Value: text})
		spec.Projects = append(spec.Projects, fakeaws.ProjectSpec{Name: name, Environment: []fakeaws.BuildVariableSpec{{Name: "KEY", Value: text}}})
		spec.TaskDefinitions = append(spec.TaskDefinitions, fakeaws.TaskDefinitionSpec{Family: name, Containers: []fakeaws.ContainerSpec{{Name: "app", Environment: map[string]string{"KEY": text}}}})
		spec.Secrets = append(spec.Secrets, fakeaws.SecretSpec{Name: name, Description: text, Value: "{}"})
		spec.LaunchTemplates = append(spec.LaunchTemplates, fakeaws.LaunchTemplateSpec{ID: "lt-" + name, Name: name, UserData: []string{"none", text}})
	}
	session, _ := sessionWith(t, spec)
	s := wanted()
	s.Session, s.Account, s.Regions = session, "123456789012", []string{"us-east-1", "eu-west-1"}
	s.In = []Kind{InFunction, InParameter, InBuild, InContainer, InSecret, InTemplate}
	found := s.Run(t.Context())
	count := map[Kind]int{}
	for _, f := range found.Finds {
		count[f.Kind]++
	}
	for _, kind := range s.In {
		if count[kind] != 3 {
			t.Errorf("%s: found in %d places, want 3", kind, count[kind])
		}
	}
	if len(found.Looked) != 12 {
		t.Errorf("looked at %q", found.Looked)
	}
}

func TestOneFailureStopsNothing(t *testing.T) {
	session, cloud := sessionWith(t, fakeaws.AccountSpec{
		Functions:  []fakeaws.FunctionSpec{{Name: "nightly", Environment: map[string]string{"KEY": exampleID}}},
		Parameters: []fakeaws.ParameterSpec{{Name: "/sealed", Type: "SecureString", Value: exampleID}},
		ServiceControlPolicies: []string{fakeaws.FullAWSAccess,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["codebuild:*","ssm:GetParameter"],"Resource":"*"}]}`},
	})
	s := wanted()
	s.Session, s.Account, s.Regions, s.ReadParameters = session, "123456789012", []string{"us-east-1"}, true
	s.In = []Kind{InFunction, InBuild, InParameter}
	last := 0
	s.Progress = func(done, total int, _ string) { last = 100*done + total }
	found := s.Run(t.Context())
	if got := saidOf(found); len(got) != 1 || last != 303 {
		t.Errorf("%q, progress %d", got, last)
	}
	var gaps []string
	for _, g := range found.Gaps {
		gaps = append(gaps, g.Where+": "+g.Call+": "+g.Why)
	}
	all := strings.Join(gaps, "\n")
	for _, want := range []string{"CodeBuild projects in us-east-1: codebuild:ListProjects: barred by a policy of the organization", "1 SecureString parameter in us-east-1: ssm:GetParameter: /sealed: barred"} {
		if !strings.Contains(all, want) {
			t.Errorf("no gap says %q in:\n%s", want, all)
		}
	}
	if n := cloud.Calls()["lambda:ListFunctions"]; n != 1 {
		t.Errorf("ListFunctions was called %d times", n)
	}
}

func TestKubernetes(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		items := ""
		if r.URL.Path == "/api/v1/secrets" {
			items = `{"metadata":{"namespace":"prod","name":"web"},"data":{"id":"` + base64.StdEncoding.EncodeToString([]byte(exampleID)) + `"}}`
		}
		_, _ = fmt.Fprintf(w, `{"metadata":{},"items":[%s]}`, items)
	}))
	t.Cleanup(server.Close)
	path := write(t, t.TempDir(), "config", "current-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: '"+
		server.URL+"'}}]\nusers: [{name: u, user: {}}]\n", 0o600)
	cluster, err := kubernetes.Open(path, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	s := wanted()
	s.Clusters = []*kubernetes.Cluster{cluster}
	if got := saidOf(s.Run(t.Context())); !slices.Equal(got, []string{"Kubernetes Secret prod/web, id"}) {
		t.Errorf("%q", got)
	}
	server.Close()
	if found := s.Run(t.Context()); len(found.Gaps) != 1 || found.Gaps[0].Chosen {
		t.Errorf("of a cluster that doesn't answer: %+v", found)
	}
}

func TestFolder(t *testing.T) {
	root := t.TempDir()
	var wide bytes.Buffer
	wide.WriteString("\xff\xfe")
	for _, unit := range utf16.Encode([]rune("$env:KEY = '" + exampleID + "'\r\n")) {
		wide.Write([]byte{byte(unit), byte(unit >> 8)})
	}
	write(t, root, "a/deep/wide.ps1", wide.String(), 0o600)
	write(t, root, "binary", "\x00"+exampleID, 0o600)
	write(t, root, "crlf.env", "A=1\r\nAWS_ACCESS_KEY_ID="+exampleID+"\r\n", 0o600)
	write(t, root, "large", strings.Repeat(exampleID+"\n", maxTreeFile/20), 0o600)
	write(t, root, ".git/config", "[remote \"origin\"]\n\turl = https://"+exampleID+":x@git.example.com/a\n", 0o600)
	write(t, root, ".git/objects/aa/object", exampleID, 0o600)
	write(t, root, "module/.git", "gitdir: ../.git/modules/module\n", 0o600)
	write(t, root, "notes.tfstate", "not a state, "+exampleID, 0o600)
	if err := os.Symlink(filepath.Join(root, "crlf.env"), filepath.Join(root, "link")); err != nil {
		t.Log("no links here:", err)
	}
	s := wanted()
	s.Folders = []string{root}
	found := s.Run(t.Context())
	var got []string
	for _, text := range saidOf(found) {
		got = append(got, filepath.ToSlash(strings.TrimPrefix(text, root)))
	}
	if want := []string{"/.git/config:2", "/a/deep/wide.ps1:1", "/binary", "/crlf.env:2, variable AWS_ACCESS_KEY_ID", "/notes.tfstate:1"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if len(found.Gaps) != 2 || !strings.Contains(found.Gaps[0].Where, "1 file below") || !found.Gaps[0].Chosen {
		t.Errorf("%+v", found.Gaps)
	}
}

func TestReferences(t *testing.T) {
	secret := Find{Kind: InSecret, Region: "us-east-1", Where: "prod/web", ARN: "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/web-AbCdEf"}
	parameter := Find{Kind: InParameter, Region: "us-east-1", Where: "/prod/key"}
	for _, test := range []struct {
		to   string
		of   Find
		want bool
	}{
		{secret.ARN, secret, true},
		{secret.ARN + ":accessKeyId::", secret, true},
		{"arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/web", secret, true},
		{"arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/we", secret, false},
		{"prod/web:accessKeyId", secret, true},
		{"prod/other", secret, false},
		{"/prod/key", parameter, true},
		{"prod/key", parameter, true},
		{"arn:aws:ssm:us-east-1:123456789012:parameter/prod/key", parameter, true},
		{"arn:aws:ssm:eu-west-1:123456789012:parameter/prod/key", parameter, false},
	} {
		r := reference{store: test.of.Kind, region: "us-east-1", to: test.to}
		if got := r.means(test.of); got != test.want {
			t.Errorf("%s means %s: %v", test.to, test.of.Where, got)
		}
	}
}

func TestFolderInARepository(t *testing.T) {
	root := t.TempDir()
	write(t, root, ".git/config", "", 0o600)
	write(t, root, "app/.env", "KEY="+exampleID+"\n", 0o600)
	s := wanted()
	s.Folders = []string{filepath.Join(root, "app")}
	found := s.Run(t.Context())
	if len(found.Finds) != 1 || len(found.Gaps) != 1 || found.Gaps[0].Where != "git history of "+root {
		t.Errorf("%+v", found)
	}
}

// TestNoRepositoryIsHistoryUnread: what git can't read is a gap, and runs nothing.
func TestNoRepositoryIsHistoryUnread(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	root := t.TempDir()
	write(t, root, ".git/config", "not git's", 0o600)
	s := wanted()
	s.Folders, s.History = []string{root}, true
	found := s.Run(t.Context())
	if len(found.Gaps) != 1 || found.Gaps[0].Chosen || !strings.HasPrefix(found.Gaps[0].Why, "git log: ") {
		t.Errorf("%+v", found.Gaps)
	}
}

// FuzzState: whatever a state holds, errors quote nothing of it.
func FuzzState(f *testing.F) {
	f.Add(`{"version": 4, "resources": [{"type": "aws_iam_access_key", "name": "a", "instances": [{"index_key": 1, "attributes": {"id": "` + exampleID + `"}}]}]}`)
	f.Add(`{"version": 4, "outputs": {"a": "` + exampleID + `"}} x`)
	f.Add(`{"version": "` + exampleSecret + `"}`)
	h := hunt{matcher: Matcher{}, Search: Search{Strangers: true}}
	f.Fuzz(func(t *testing.T, text string) {
		found, err := keysInState(strings.NewReader(text), h.keys)
		if err != nil && (len(found) > 0 || strings.Contains(err.Error(), exampleSecret)) {
			t.Errorf("%v, %v", found, err)
		}
	})
}
