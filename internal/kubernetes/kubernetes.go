// Package kubernetes reads the Secrets and ConfigMaps of a cluster, by way of a
// kubeconfig as kubectl has it. It never changes anything, and keeps no token: a
// value it reads is an accesskey.Secret.
package kubernetes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Cluster is a cluster, as somebody enters it.
type Cluster struct {
	Name      string // the context's
	Namespace string // to look in; empty: in all of them

	server *url.URL
	client *http.Client
	sign   func(context.Context, *http.Request) error // nil: the certificate says who we are
}

// Object is a Secret or a ConfigMap.
type Object struct {
	Kind            string // Secret, ConfigMap
	Namespace, Name string
	Data            []Entry // by name
}

// Entry is one entry of its data.
type Entry struct {
	Name string
	Text accesskey.Secret
}

// perPage is how many objects are asked for at once, as kubectl does.
const perPage = 500

// maxAnswer bounds one page: an object has up to 1 MiB.
const maxAnswer = 1 << 30

// Objects yields the Secrets and then the ConfigMaps (list, in the core group). It
// ends at the first error.
// https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/
func (c *Cluster) Objects(ctx context.Context) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for _, kind := range []struct{ name, path string }{{"Secret", "secrets"}, {"ConfigMap", "configmaps"}} {
			for object, err := range c.list(ctx, kind.path) {
				if err != nil {
					yield(Object{}, fmt.Errorf("list %s: %w", kind.path, err))
					return
				}
				if !yield(object.plain(kind.name), nil) {
					return
				}
			}
		}
	}
}

// listed is an object as the API server answers it.
type listed struct {
	Metadata   struct{ Namespace, Name string }
	Type       string
	Data       map[string]string
	BinaryData map[string]string
}

func (l listed) plain(kind string) Object {
	o := Object{Kind: kind, Namespace: l.Metadata.Namespace, Name: l.Metadata.Name}
	encoded := l.BinaryData
	if kind == "Secret" {
		encoded = l.Data
	} else {
		for _, name := range slices.Sorted(maps.Keys(l.Data)) {
			o.Data = append(o.Data, Entry{name, accesskey.NewSecret(l.Data[name])})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(encoded)) {
		text, err := base64.StdEncoding.DecodeString(encoded[name])
		if err == nil && l.Type == "helm.sh/release.v1" { // which Helm encodes once more
			text, err = base64.StdEncoding.DecodeString(string(text))
		}
		if err == nil {
			o.Data = append(o.Data, Entry{name, accesskey.NewSecret(string(text))})
		}
	}
	return o
}

func (c *Cluster) list(ctx context.Context, resource string) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		path := "/api/v1/" + resource
		if c.Namespace != "" {
			path = "/api/v1/namespaces/" + url.PathEscape(c.Namespace) + "/" + resource
		}
		for token := ""; ; {
			var page struct {
				Metadata struct{ Continue string }
				Items    []listed
			}
			if err := c.get(ctx, path, url.Values{"limit": {fmt.Sprint(perPage)}, "continue": {token}}, &page); err != nil {
				yield(listed{}, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if token = page.Metadata.Continue; token == "" {
				return
			}
		}
	}
}

func (c *Cluster) get(ctx context.Context, path string, query url.Values, into any) error {
	at := c.server.JoinPath(path)
	at.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	if c.sign != nil {
		if err := c.sign(ctx, request); err != nil {
			return err
		}
	}
	answer, err := c.client.Do(request)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // the address is said beside it
		}
		return fmt.Errorf("ask %s: %w", c.server.Host, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return refusal(answer)
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(into); err != nil {
		return errors.New("the answer is not what the Kubernetes API answers") // what it is may hold a secret
	}
	return nil
}

// refusal is what the API server says where it doesn't do what it is asked.
func refusal(answer *http.Response) error {
	var status struct{ Message string }
	_ = json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&status) // without a message, the status has to do
	if status.Message == "" {
		return errors.New(answer.Status)
	}
	return errors.New(strings.Join(strings.Fields(status.Message), " "))
}

// answerTime is how long an answer may take.
const answerTime = 2 * time.Minute

// clientWith returns a client that trusts and shows what a kubeconfig says.
func clientWith(roots *x509.CertPool, own *tls.Certificate, name string, trusting bool) *http.Client {
	settings := &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS12, InsecureSkipVerify: trusting} //nolint:gosec // only where the kubeconfig says insecure-skip-tls-verify
	if own != nil {
		settings.Certificates = []tls.Certificate{*own}
	}
	return &http.Client{Timeout: answerTime, Transport: &http.Transport{TLSClientConfig: settings, Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}}
}
