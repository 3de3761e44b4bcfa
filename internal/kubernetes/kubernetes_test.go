package kubernetes

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMain is the program that makes a token, where it is run as one.
func TestMain(m *testing.M) {
	if os.Getenv("AS_PLUGIN") == "" {
		os.Exit(m.Run())
	}
	_, _ = fmt.Println(`{"kind":"ExecCredential","status":{"token":"example-token"}}`)
}

// apiServer answers as an API server of two pages of Secrets and one ConfigMap
// does, to whoever has the token.
func apiServer(t *testing.T) *httptest.Server {
	t.Helper()
	b64 := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Header.Get("Authorization") != "Bearer example-token":
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, `{"kind":"Status","message":"secrets is forbidden: User \"system:anonymous\" cannot list resource \"secrets\"","code":403}`)
		case r.URL.Path == "/api/v1/secrets" && r.URL.Query().Get("continue") == "":
			_, _ = fmt.Fprintf(w, `{"kind":"SecretList","metadata":{"continue":"next"},"items":[{"metadata":{"namespace":"prod","name":"web"},"type":"Opaque","data":{"key":%q,"bad":"?"}}]}`, b64("one"))
		case r.URL.Path == "/api/v1/secrets":
			_, _ = fmt.Fprintf(w, `{"metadata":{},"items":[{"metadata":{"namespace":"prod","name":"sh.helm"},"type":"helm.sh/release.v1","data":{"release":%q}}]}`, b64(b64("two")))
		case r.URL.Path == "/api/v1/configmaps", r.URL.Path == "/api/v1/namespaces/prod/configmaps":
			_, _ = fmt.Fprintf(w, `{"metadata":{},"items":[{"metadata":{"namespace":"prod","name":"settings"},"data":{"a":"three"},"binaryData":{"b":%q}}]}`, b64("four"))
		case r.URL.Path == "/api/v1/namespaces/prod/secrets":
			_, _ = fmt.Fprint(w, `{"metadata":{},"items":[]}`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// kubeconfigFor writes a kubeconfig with a context for each user.
func kubeconfigFor(t *testing.T, server *httptest.Server, users map[string]string) string {
	t.Helper()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	text := "apiVersion: v1\nkind: Config\ncurrent-context: token\nclusters:\n- name: c\n  cluster:\n    server: " + server.URL +
		"\n    certificate-authority-data: " + base64.StdEncoding.EncodeToString(authority) + "\ncontexts:\n"
	whole := "users:\n"
	for name, user := range users {
		text += "- name: " + name + "\n  context: {cluster: c, user: " + name + ", namespace: other}\n"
		whole += "- name: " + name + "\n  user: " + user + "\n"
	}
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(text+whole), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readAll(t *testing.T, c *Cluster) (entries []string, failed error) {
	t.Helper()
	for object, err := range c.Objects(t.Context()) {
		if err != nil {
			return entries, err
		}
		for _, d := range object.Data {
			entries = append(entries, object.Kind+" "+object.Namespace+"/"+object.Name+" "+d.Name+"="+d.Text.Reveal())
		}
	}
	return entries, nil
}

func TestObjects(t *testing.T) {
	server := apiServer(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("example-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := kubeconfigFor(t, server, map[string]string{
		"token": "{token: example-token}", "file": fmt.Sprintf("{tokenFile: %q}", token), "nobody": "{}",
		"plugin": fmt.Sprintf("{exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, env: [{name: AS_PLUGIN, value: '1'}]}}", self),
		"broken": fmt.Sprintf("{exec: {command: %q}}", filepath.Join(t.TempDir(), "none")),
	})
	want := []string{"Secret prod/web key=one", "Secret prod/sh.helm release=two", "ConfigMap prod/settings a=three", "ConfigMap prod/settings b=four"}
	for _, context := range []string{"", "file", "plugin"} {
		c, err := Open(path, context, os.Environ())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readAll(t, c); err != nil || !slices.Equal(got, want) {
			t.Errorf("context %q: %q, %v", context, got, err)
		}
		c.Namespace = "prod"
		if got, err := readAll(t, c); err != nil || len(got) != 2 {
			t.Errorf("context %q, namespace prod: %q, %v", context, got, err)
		}
	}
	for context, why := range map[string]string{"nobody": "list secrets: secrets is forbidden", "broken": "get a token from"} {
		c, err := Open(path, context, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(t, c); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("context %s: %v", context, err)
		}
	}
}

func TestKubeconfigsThatCannotBeUsed(t *testing.T) {
	folder := t.TempDir()
	for text, why := range map[string]string{
		"{":                        "not the YAML that kubectl writes",
		"current-context: x":       `no context "x"`,
		"contexts: [{name: prod}]": "it has prod",
		"current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]":                                                                                                                                     "not both in it",
		"current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {}}]\nusers: [{name: u, user: {}}]":                                                                   "no server's address",
		"current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'https://k8s.example.com', certificate-authority-data: '?'}}]\nusers: [{name: u, user: {}}]": "not base64",
		"current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'https://k8s.example.com'}}]\nusers: [{name: u, user: {auth-provider: {name: gcp}}}]":        "auth-provider",
	} {
		path := filepath.Join(folder, "config")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, "", nil); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Open(filepath.Join(folder, "none"), "", nil); err == nil {
		t.Error("a kubeconfig that isn't there was read")
	}
}
