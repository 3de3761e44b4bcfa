package policy

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// A tag may say anything: only an ARN of a secret in this account is asked for.
func TestNamedSecrets(t *testing.T) {
	key := []accesskey.Key{{}}
	for name, c := range map[string]struct {
		tag    string
		keys   []accesskey.Key
		named  bool
		region string
	}{
		"a secret":                {"arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/a:b-a1b2c3", key, true, "eu-west-1"},
		"in a partition":          {"arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:a", key, true, "us-gov-west-1"},
		"no tag":                  {"", key, false, ""},
		"of a user without a key": {"arn:aws:secretsmanager:eu-west-1:123456789012:secret:a", nil, false, ""},
		"another account's":       {"arn:aws:secretsmanager:eu-west-1:210987654321:secret:a", key, true, ""},
		"a host for a region":     {"arn:aws:secretsmanager:example.com/:123456789012:secret:a", key, true, ""},
		"another service":         {"arn:aws:ssm:eu-west-1:123456789012:secret:a", key, true, ""},
		"no ARN":                  {"prod/a", key, true, ""},
	} {
		u := accesskey.User{Name: "ana", Keys: accesskey.Observed(c.keys, time.Now(), "test"), Tags: accesskey.Observed(map[string]string{SecretTag: c.tag}, time.Now(), "test")}
		got := NamedSecrets(accesskey.Inventory{Account: accesskey.Account{ID: "123456789012"}, Users: []accesskey.User{u}})
		if len(got) == 1 != c.named || c.named && got[0].Region != c.region {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
