package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/rogpeppe/go-internal/testscript"
)

// metrics wants exactly these latest values of Keytend's own metrics in a region
// of the first account: metrics us-east-1 'Keys State=old=2' OldestKeyAge=90d.
func (s *story) metrics(ts *testscript.TestScript, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: metrics REGION [METRIC=VALUE...]")
	}
	var have []string
	for name, value := range s.aws.LatestMetrics(s.first, args[0]) {
		text := fmt.Sprint(value)
		if strings.Contains(name, "Age") {
			text = fmt.Sprintf("%dd", int(value/86400)) // the clock ticks
		}
		have = append(have, strings.TrimPrefix(name, "Keytend ")+"="+text)
	}
	slices.Sort(have)
	if want := slices.Sorted(slices.Values(args[1:])); !slices.Equal(have, want) {
		ts.Fatalf("metrics are %q, want %q", have, want)
	}
}

// alarms wants exactly these alarms in a region of the first account: alarms
// us-east-1 keytend-old-keys=OK.
func (s *story) alarms(ts *testscript.TestScript, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: alarms REGION [NAME=STATE...]")
	}
	var have []string
	states := s.aws.AlarmStates(s.first, args[0])
	for _, name := range slices.Sorted(maps.Keys(states)) {
		have = append(have, name+"="+states[name])
	}
	if want := slices.Sorted(slices.Values(args[1:])); !slices.Equal(have, want) {
		ts.Fatalf("alarms are %q, want %q", have, want)
	}
}

// versions and targets are how a call to a service is written: of the Query
// protocol, of JSON.
var (
	versions = map[string]string{"iam": "2010-05-08", "monitoring": "2010-08-01", "sns": "2010-03-31"}
	targets  = map[string]string{"config": "StarlingDoveService", "events": "AWSEvents", "logs": "Logs_20140328", "secretsmanager": "secretsmanager"}
)

// somebody makes a call as the account's administrator, behind everybody's back:
//
//	somebody us-east-1 monitoring DeleteAlarms AlarmNames.member.1=keytend-old-keys
//	somebody us-east-1 config DeleteConfigRule '{"ConfigRuleName":"x"}'
func (s *story) somebody(ts *testscript.TestScript, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: somebody REGION SERVICE ACTION [NAME=VALUE...|DOCUMENT]")
	}
	region, service, action := args[0], args[1], args[2]
	header, body := http.Header{}, strings.Join(args[3:], "")
	if target := targets[service]; target != "" {
		header.Set("Content-Type", "application/x-amz-json-1.1")
		header.Set("X-Amz-Target", target+"."+action)
	} else {
		form := url.Values{"Action": {action}, "Version": {versions[service]}}
		for _, pair := range args[3:] {
			name, value, _ := strings.Cut(pair, "=")
			form.Set(name, value)
		}
		header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		body = form.Encode()
	}
	ts.Check(s.signed4(region, service, header, body))
}

// signed4 sends a call that the account's administrator has signed.
func (s *story) signed4(region, service string, header http.Header, body string) error {
	request, err := http.NewRequest(http.MethodPost, "https://"+service+"."+region+".amazonaws.com/", strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header = header
	id, secret := s.aws.AdminKey(s.first)
	sum := sha256.Sum256([]byte(body))
	err = v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: id, SecretAccessKey: secret},
		request, hex.EncodeToString(sum[:]), service, region, s.aws.Now())
	if err != nil {
		return err
	}
	answer, err := s.aws.RoundTripper().RoundTrip(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s: status %d: %s", service, answer.StatusCode, text)
	}
	return nil
}

// follows has somebody follow the link in each mail by which SNS asks for a yes:
// follows us-east-1 ops@example.com.
func (s *story) follows(ts *testscript.TestScript, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: follows REGION ADDRESS")
	}
	if s.aws.Confirm(s.first, args[0], args[1]) == 0 {
		ts.Fatalf("%s was asked nothing", args[1])
	}
}

// delivered checks what subscribers of the topics in a region got since the
// last look: delivered us-east-1 1 'ALARM: "keytend-old-keys"'.
func (s *story) deliveries(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: delivered REGION COUNT [TEXT...]")
	}
	all := s.aws.Deliveries(s.first, args[0])
	var got []string
	for _, d := range all[min(s.told, len(all)):] {
		got = append(got, d.Endpoint+": "+d.Subject+"\n"+d.Message)
	}
	s.told = len(all)
	s.compare(ts, "deliveries", got, args[1:])
}

// elapse moves AWS's clock and does what AWS does of itself on the way, such as
// rotations by Secrets Manager: elapse 2h.
func (s *story) elapse(ts *testscript.TestScript, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: elapse DURATION")
	}
	by, err := time.ParseDuration(args[0])
	ts.Check(err)
	s.aws.Elapse(context.Background(), by)
}
