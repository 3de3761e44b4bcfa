package fakeaws

import (
	"strings"
	"testing"
)

// A group is encrypted only with a key whose policy admits CloudWatch Logs.
func TestLogsAreEncryptedWithAKeyThatAdmitsThem(t *testing.T) {
	a := New(Config{Start: trailStart})
	a.AddAccount(oneUser("123456789012", nil))
	key := func(policy string) (arn string) {
		var made struct{ KeyMetadata struct{ Arn string } }
		if code := askJSON(t, a, "kms", "TrentService.CreateKey", `{"Policy":"`+strings.ReplaceAll(policy, `"`, `\"`)+`"}`, &made); code != "" {
			t.Fatal(code)
		}
		return made.KeyMetadata.Arn
	}
	const own = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}`
	const logs = `{"Effect":"Allow","Principal":{"Service":"logs.eu-west-1.amazonaws.com"},"Action":"kms:GenerateDataKey*","Resource":"*"}`
	home := a.accounts["123456789012"].in("eu-west-1")
	for policy, admitted := range map[string]bool{own: false, own + "," + logs: true} {
		arn := key(`{"Version":"2012-10-17","Statement":[` + policy + `]}`)
		err := home.encryptsLogs(&request{aws: a, account: home.account, region: "eu-west-1", now: a.Now()}, arn, "/aws/lambda/keytend")
		if (err == nil) != admitted {
			t.Errorf("%s: %v", policy, err)
		}
	}
	if code := askJSON(t, a, "logs", "Logs_20140328.CreateLogGroup", `{"logGroupName":"a","kmsKeyId":"alias/none"}`, nil); code != "AccessDeniedException" {
		t.Errorf("a key that isn't there: %q", code)
	}
}
