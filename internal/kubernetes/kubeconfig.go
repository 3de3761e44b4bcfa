package kubernetes

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/keytend/keytend/internal/accesskey"
)

// kubeconfig is what of a kubeconfig is understood.
// https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
type kubeconfig struct {
	CurrentContext string `yaml:"current-context"`
	Contexts       []struct {
		Name    string
		Context struct{ Cluster, User, Namespace string }
	}
	Clusters []struct {
		Name    string
		Cluster clusterAt
	}
	Users []struct {
		Name string
		User user
	}

	folder string
}

type clusterAt struct {
	Server                   string
	CertificateAuthority     string `yaml:"certificate-authority"`
	CertificateAuthorityData string `yaml:"certificate-authority-data"`
	TLSServerName            string `yaml:"tls-server-name"`
	InsecureSkipTLSVerify    bool   `yaml:"insecure-skip-tls-verify"`
}

type user struct {
	Token                 string
	TokenFile             string `yaml:"tokenFile"`
	ClientCertificate     string `yaml:"client-certificate"`
	ClientCertificateData string `yaml:"client-certificate-data"`
	ClientKey             string `yaml:"client-key"`
	ClientKeyData         string `yaml:"client-key-data"`
	Username, Password    string
	Exec                  *plugin
	AuthProvider          any `yaml:"auth-provider"`
}

// plugin is a program that makes tokens, as `aws eks get-token` does.
type plugin struct {
	APIVersion string `yaml:"apiVersion"`
	Command    string
	Args       []string
	Env        []struct{ Name, Value string }
}

// Open reads the kubeconfig at a path and returns the cluster that a context of it
// names; empty: its current one. environ is what programs get that make tokens.
// Nothing is asked of the cluster yet.
func Open(path, context string, environ []string) (*Cluster, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	k := kubeconfig{folder: filepath.Dir(path)}
	if yaml.Unmarshal(text, &k) != nil {
		return nil, fmt.Errorf("read kubeconfig %s: it is not one: not the YAML that kubectl writes", path) // the error would quote it
	}
	name := cmp.Or(context, k.CurrentContext)
	at, who, err := k.context(name)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	c, err := k.cluster(at, who, environ)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig %s, context %s: %w", path, name, err)
	}
	c.Name = name
	return c, nil
}

func (k kubeconfig) context(name string) (clusterAt, user, error) {
	var names []string
	for _, c := range k.Contexts {
		names = append(names, c.Name)
		if c.Name != name {
			continue
		}
		cluster, who := c.Context.Cluster, c.Context.User
		i, j := -1, -1
		for n := range k.Clusters {
			if k.Clusters[n].Name == cluster {
				i = n
			}
		}
		for n := range k.Users {
			if k.Users[n].Name == who {
				j = n
			}
		}
		if i < 0 || j < 0 {
			return clusterAt{}, user{}, fmt.Errorf("context %q names cluster %q and user %q, and they are not both in it", name, cluster, who)
		}
		return k.Clusters[i].Cluster, k.Users[j].User, nil
	}
	slices.Sort(names)
	return clusterAt{}, user{}, fmt.Errorf("no context %q: it has %s", name, strings.Join(names, ", "))
}

func (k kubeconfig) cluster(at clusterAt, who user, environ []string) (*Cluster, error) {
	server, err := url.Parse(at.Server)
	if err != nil || server.Host == "" {
		return nil, errors.New("it has no server's address")
	}
	var roots *x509.CertPool
	authority, err := k.read(at.CertificateAuthority, at.CertificateAuthorityData)
	if err != nil {
		return nil, err
	}
	if len(authority) > 0 {
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(authority) {
			return nil, errors.New("its certificate authority has no certificate")
		}
	}
	own, err := k.certificate(who)
	if err != nil {
		return nil, err
	}
	sign, err := k.signing(who, environ)
	if err != nil {
		return nil, err
	}
	return &Cluster{server: server, client: clientWith(roots, own, at.TLSServerName, at.InsecureSkipTLSVerify), sign: sign}, nil
}

// read is a file, or what stands in the kubeconfig itself.
func (k kubeconfig) read(path, data string) ([]byte, error) {
	switch {
	case data != "":
		text, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return nil, errors.New("data of a certificate or key is not base64")
		}
		return text, nil
	case path == "":
		return nil, nil
	}
	return os.ReadFile(k.file(path))
}

// file is a path as a kubeconfig means it.
func (k kubeconfig) file(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(k.folder, path)
}

func (k kubeconfig) certificate(who user) (*tls.Certificate, error) {
	certificate, err := k.read(who.ClientCertificate, who.ClientCertificateData)
	if err != nil || len(certificate) == 0 {
		return nil, err
	}
	key, err := k.read(who.ClientKey, who.ClientKeyData)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, errors.New("its client certificate and key are no pair")
	}
	return &pair, nil
}

// signing says who we are, in each request.
func (k kubeconfig) signing(who user, environ []string) (func(context.Context, *http.Request) error, error) {
	bearer := func(token string) func(context.Context, *http.Request) error {
		secret := accesskey.NewSecret(token)
		return func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+secret.Reveal())
			return nil
		}
	}
	switch {
	case who.Token != "":
		return bearer(who.Token), nil
	case who.TokenFile != "":
		text, err := os.ReadFile(k.file(who.TokenFile))
		return bearer(strings.TrimSpace(string(text))), err
	case who.Exec != nil:
		p := program{plugin: *who.Exec, environ: environ}
		return p.sign, nil
	case who.Username != "":
		password := accesskey.NewSecret(who.Password)
		return func(_ context.Context, r *http.Request) error {
			r.SetBasicAuth(who.Username, password.Reveal())
			return nil
		}, nil
	case who.AuthProvider != nil:
		return nil, errors.New("its user has an auth-provider, which kubectl no longer knows either: use exec")
	}
	return nil, nil //nolint:nilnil // a certificate, or nothing, says who we are
}

// program makes a token once.
type program struct {
	plugin  plugin
	environ []string

	lock  sync.Mutex
	token accesskey.Secret
}

// sign runs the program before the first request.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
func (p *program) sign(ctx context.Context, r *http.Request) error {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.token.Empty() {
		if err := p.run(ctx); err != nil {
			return err
		}
	}
	r.Header.Set("Authorization", "Bearer "+p.token.Reveal())
	return nil
}

func (p *program) run(ctx context.Context) error {
	run := exec.CommandContext(ctx, p.plugin.Command, p.plugin.Args...)
	run.Env = append(slices.Clone(p.environ), `KUBERNETES_EXEC_INFO={"apiVersion":"`+p.plugin.APIVersion+`","kind":"ExecCredential","spec":{"interactive":false}}`)
	for _, v := range p.plugin.Env {
		run.Env = append(run.Env, v.Name+"="+v.Value)
	}
	out, err := run.Output()
	if err != nil {
		return fmt.Errorf("get a token from %s: %w", p.plugin.Command, err)
	}
	var credential struct{ Status struct{ Token string } }
	if json.Unmarshal(out, &credential) != nil || credential.Status.Token == "" {
		return fmt.Errorf("get a token from %s: its answer has none", p.plugin.Command)
	}
	p.token = accesskey.NewSecret(credential.Status.Token)
	return nil
}
