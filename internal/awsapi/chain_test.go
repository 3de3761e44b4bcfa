package awsapi

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
)

// restingOn is a session on credentials that were got somehow, or not.
func restingOn(t *testing.T, cfg aws.Config, c aws.Credentials, err error) *Session {
	t.Helper()
	rest := &chain{}
	cfg.Credentials = rest.close(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, err }), nil)
	s := newSession(t.Context(), cfg, Options{})
	s.chain = rest
	return s
}

// TestBaseKeyBySource: what the SDK says of where credentials came from tells
// whether a long-lived key is under them.
func TestBaseKeyBySource(t *testing.T) {
	const relative, local, cluster = "/v2/credentials", "http://127.0.0.1:9911/x", "http://169.254.170.23/v1/credentials"
	for name, c := range map[string]struct {
		id, source string
		env        config.EnvConfig
		want       accesskey.ID
		unknown    bool
	}{
		"a key":                 {id: testID, source: "SharedConfigCredentials: /home/ana/.aws/credentials", want: testID},
		"a program's key":       {id: testID, source: "ProcessProvider", want: testID},
		"Identity Center":       {id: "ASIAIOSFODNN7EXAMPLE", source: "SSOProvider"},
		"aws login":             {id: "ASIAIOSFODNN7EXAMPLE", source: "LoginProvider"},
		"web identity":          {id: "ASIAIOSFODNN7EXAMPLE", source: "WebIdentityCredentials"},
		"instance":              {id: "ASIAIOSFODNN7EXAMPLE", source: "EC2RoleProvider"},
		"container":             {id: "ASIAIOSFODNN7EXAMPLE", source: "CredentialsEndpointProvider", env: config.EnvConfig{ContainerCredentialsRelativePath: relative}},
		"pod":                   {id: "ASIAIOSFODNN7EXAMPLE", source: "CredentialsEndpointProvider", env: config.EnvConfig{ContainerCredentialsEndpoint: cluster}},
		"this computer":         {id: "ASIAIOSFODNN7EXAMPLE", source: "CredentialsEndpointProvider", env: config.EnvConfig{ContainerCredentialsEndpoint: local}, unknown: true},
		"session in the env":    {id: "ASIAIOSFODNN7EXAMPLE", source: "EnvConfigCredentials", unknown: true},
		"session of a program":  {id: "ASIAIOSFODNN7EXAMPLE", source: "ProcessProvider", unknown: true},
		"session in a file":     {id: "ASIAIOSFODNN7EXAMPLE", source: "SharedConfigCredentials: /home/ana/.aws/credentials", unknown: true},
		"role of unknown maker": {id: "ASIAIOSFODNN7EXAMPLE", source: "AssumeRoleProvider", unknown: true},
		"no key at all":         {unknown: true},
	} {
		s := restingOn(t, aws.Config{Region: "eu-west-1", ConfigSources: []any{c.env}}, aws.Credentials{AccessKeyID: c.id, SecretAccessKey: testSecret, Source: c.source}, nil)
		got, err := s.BaseKey(t.Context())
		if got != c.want || (err != nil) != c.unknown {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}

func TestBaseKeyWithoutCredentials(t *testing.T) {
	s := restingOn(t, aws.Config{Region: "eu-west-1"}, aws.Credentials{}, errors.New("no EC2 IMDS role found"))
	if _, err := s.BaseKey(t.Context()); ClassOf(err) != CredentialsMissing {
		t.Error(err)
	}
}

// TestSecretOfOneKeyOnly: the SDK's signers remember by a key's ID; a wrong
// secret must not pass for the right one that was used before.
func TestSecretOfOneKeyOnly(t *testing.T) {
	plainEnvironment(t)
	s := open(t, Options{})
	one := s.AsKey(testID, accesskey.NewSecret("one"), "x").sts.Options()
	two := s.AsKey(testID, accesskey.NewSecret("two"), "x").sts.Options()
	if one.HTTPSignerV4 == two.HTTPSignerV4 || one.AuthSchemes[0].Signer() == two.AuthSchemes[0].Signer() {
		t.Error("two keys share a signer")
	}
}

// TestRoleProfileWithoutRegion: a profile with a role and no region works as one
// with a key and no region does.
func TestRoleProfileWithoutRegion(t *testing.T) {
	cloud := fakeaws.New(fakeaws.Config{})
	cloud.AddAccount(fakeaws.AccountSpec{ID: testAccount, Admin: "admin",
		Users: []fakeaws.UserSpec{{Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{ID: testID, Secret: testSecret}}}},
		Roles: []fakeaws.RoleSpec{{Name: "audit", TrustPolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}`}},
	})
	server := httptest.NewServer(cloud)
	defer server.Close()
	plainEnvironment(t)
	file := filepath.Join(t.TempDir(), "config")
	text := "[default]\naws_access_key_id = " + testID + "\naws_secret_access_key = " + testSecret + "\n[profile audit]\nrole_arn = arn:aws:iam::123456789012:role/audit\nsource_profile = default\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	s := open(t, Options{Profile: "audit"})
	if id, err := s.Identity(t.Context()); err != nil || !strings.Contains(id.ARN, ":assumed-role/audit/") {
		t.Errorf("%+v: %v %s", id, err, Hint(err))
	}
}
