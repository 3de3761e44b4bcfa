package migrate

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/useragent"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func use(agent, address string, from Origin, calls int) Seen {
	return Seen{Place: Place{useragent.Parse(agent), address, from}, Source: "s3.amazonaws.com", Name: "ListBuckets", Count: calls, First: noon.Add(-time.Hour), Last: noon}
}

const (
	cliOnMac   = "aws-cli/2.15.0 Python/3.11.6 Darwin/23.1.0 exe/x86_64 prompt/off command/s3.ls"
	onLambda   = "Boto3/1.26.90 Python/3.9.16 Linux/5.10.176 exec-env/AWS_Lambda_python3.9 Botocore/1.29.90"
	onLinux    = "Boto3/1.26.90 Python/3.9.16 Linux/5.4.0-148-generic Botocore/1.29.90"
	theAction  = "aws-sdk-nodejs/2.1396.0 linux/v16.16.0 configure-aws-credentials-for-github-actions promise"
	azureLinux = "aws-cli/2.13.0 Python/3.11.4 Linux/6.2.0-1012-azure exe/x86_64.ubuntu.22 prompt/off command/s3.sync"
)

func TestJudgeKey(t *testing.T) {
	lastUsed := func(u accesskey.LastUse) accesskey.Key {
		return accesskey.Key{LastUsed: accesskey.Observed(u, noon, "test"), Created: accesskey.Observed(noon.AddDate(-1, 0, 0), noon, "test")}
	}
	young := lastUsed(accesskey.LastUse{})
	young.Created = accesskey.Observed(noon.AddDate(0, 0, -3), noon, "test")
	for _, c := range []struct {
		name  string
		key   accesskey.Key
		seen  []Seen
		want  Workload
		parts int
	}{
		{"one workload", accesskey.Key{}, []Seen{use(onLambda, "3.85.1.1", FromAWS, 90), use(onLambda, "3.85.1.2", FromAWS, 9)}, Lambda, 1},
		{"several", accesskey.Key{}, []Seen{use(onLambda, "3.85.1.1", FromAWS, 90), use(cliOnMac, "198.51.100.7", FromOther, 12)}, Mixed, 2},
		{"a single try from elsewhere is noise", accesskey.Key{}, []Seen{use(onLambda, "3.85.1.1", FromAWS, 900), use(cliOnMac, "198.51.100.7", FromOther, 1)}, Lambda, 2},
		{"a build and the programs it calls", accesskey.Key{}, []Seen{use(theAction, "203.0.113.1", FromOther, 1), use(onLinux, "203.0.113.1", FromOther, 20), use(azureLinux, "203.0.113.2", FromOther, 20)}, GitHubActions, 1},
		{"what AWS's services do is nobody's", accesskey.Key{}, []Seen{use("cloudformation.amazonaws.com", "cloudformation.amazonaws.com", FromService, 50), use(cliOnMac, "198.51.100.7", FromOther, 3)}, Human, 1},
		{"behind the account's own address many live", accesskey.Key{}, []Seen{use(onLambda, "54.162.1.1", FromOwn, 10), use(onLinux, "54.162.1.1", FromOwn, 10)}, Mixed, 2},
		{"of addresses that aren't told apart none speaks for another", accesskey.Key{}, []Seen{use(theAction, "0.0.0.0/0", FromOther, 20), use(cliOnMac, "0.0.0.0/0", FromOther, 20)}, Mixed, 2},
		{"never used", lastUsed(accesskey.LastUse{}), nil, Unused, 0},
		{"long unused", lastUsed(accesskey.LastUse{At: noon.AddDate(0, -6, 0), Service: "s3"}), nil, Unused, 0},
		{"used, and not seen", lastUsed(accesskey.LastUse{At: noon.AddDate(0, 0, -1), Service: "s3"}), nil, Unknown, 0},
		{"young and not used yet", young, nil, Unknown, 0},
		{"not read", accesskey.Key{}, nil, Unknown, 0},
	} {
		j := JudgeKey(c.key, c.seen, noon, 90*24*time.Hour)
		if j.Workload != c.want || len(j.Parts) != c.parts {
			t.Errorf("%s: %s with %d parts, want %s with %d", c.name, j.Workload, len(j.Parts), c.want, c.parts)
		}
		if j.Confidence <= 0 || j.Confidence > 1 || len(j.Parts) == 0 && j.Why == "" {
			t.Errorf("%s: confidence %.2f, why %q", c.name, j.Confidence, j.Why)
		}
	}
}
