package onaws

import (
	"testing"

	"github.com/keytend/keytend/internal/awsapi"
)

func TestAgentOf(t *testing.T) {
	for agent, want := range map[string]string{
		"aws-cli/2.15.0 md/awscrt#0.19.19 ua/2.0 os/linux#5.10.0 md/arch#x86_64 lang/python#3.11.6 md/pyimpl#CPython exec-env/AWS_ECS_FARGATE cfg/retry-mode#standard md/command#s3.ls": "aws-cli os/linux lang/python exec-env/AWS_ECS_FARGATE",
		"aws-cli/1.18.69 Python/3.8.10 Linux/5.4.0-1029-aws botocore/1.16.19":                                                               "aws-cli Python Linux botocore",
		"Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux#6.1 md/arch#aarch64 lang/python#3.13.0 exec-env/AWS_Lambda_python3.13":             "Boto3 os/linux lang/python exec-env/AWS_Lambda_python",
		"[aws-internal/3 aws-sdk-java/1.11.848]":                                                                                            "aws-internal aws-sdk-java",
		"APN/1.0 HashiCorp/1.0 Terraform/1.5.7 (+https://www.terraform.io) terraform-provider-aws/5.1.0 (+https://registry.terraform.io/x)": "APN HashiCorp Terraform terraform-provider-aws",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36":                                 "Mozilla AppleWebKit Chrome Safari",
		"aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26 md/GOOS#linux api/iam#1.64.8 app/keytend+j1.abc m/E,F":                           "aws-sdk-go-v2 os/linux lang/go app/keytend",
		"aws-sdk-go-v2/1.47.7 os/linux lang/go#1.26 app/keytend-1.2.3":                                                                      "aws-sdk-go-v2 os/linux lang/go app/keytend",
		"cloudformation.amazonaws.com": "cloudformation.amazonaws.com",
		"AWS Internal":                 "AWS Internal",
		"(broken":                      "(broken",
		"":                             "",
	} {
		if got := agentOf(agent); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}

func TestTokenOf(t *testing.T) {
	session := func(name string) string { return "arn:aws:sts::123456789012:assumed-role/rotator/" + name }
	for name, c := range map[string]struct {
		event awsapi.Event
		want  string
	}{
		"agent":                {awsapi.Event{UserAgent: "aws-sdk-go-v2/1.47.7 app/keytend+j1.a-b_c m/E"}, "j1.a-b_c"},
		"agent in brackets":    {awsapi.Event{UserAgent: "[aws-sdk-go-v2/1.47.7 app/keytend+j1.abc]"}, "j1.abc"},
		"session":              {awsapi.Event{UserAgent: "aws-sdk-go-v2/1.47.7", CallerARN: session("keytend+j1.abc")}, "j1.abc"},
		"agent before session": {awsapi.Event{UserAgent: "x app/keytend+j1.one", CallerARN: session("keytend+j1.two")}, "j1.one"},
		"ours, no claim":       {awsapi.Event{UserAgent: "aws-sdk-go-v2/1.47.7 app/keytend-1.2.3", CallerARN: session("nightly")}, ""},
		"proof":                {awsapi.Event{UserAgent: "aws-sdk-go-v2/1.47.7 app/" + ProofMark}, ""},
		"a user so named":      {awsapi.Event{CallerARN: "arn:aws:iam::123456789012:user/keytend+j1.abc"}, ""},
		"in the middle":        {awsapi.Event{UserAgent: "my-app/keytend+j1.abc"}, ""},
	} {
		if got := tokenOf(c.event); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
