package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	testID     = "AKIAIOSFODNN7EXAMPLE"
	testSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// wire answers requests as a function; no network.
type wire func(*http.Request, string) (status int, body string)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status, text := w(r, string(body))
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader(text)), Request: r,
		Header: http.Header{"Date": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}, "X-Amzn-Requestid": {"example-request"}},
	}, nil
}

// plainEnvironment hides the machine's own AWS settings from the SDK.
func plainEnvironment(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_MAX_ATTEMPTS", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	empty := t.TempDir() + "/none"
	t.Setenv("AWS_CONFIG_FILE", empty)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", empty)
	t.Setenv("AWS_ACCESS_KEY_ID", testID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", testSecret)
}

func open(t *testing.T, o Options) *Session {
	t.Helper()
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const identityXML = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
	`<Arn>arn:aws-cn:iam::123456789012:user/alice</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account>` +
	`</GetCallerIdentityResult></GetCallerIdentityResponse>`

func TestRegionsAndEndpoints(t *testing.T) {
	for name, c := range map[string]struct {
		region, iam, config string
		defaulted           bool
	}{
		"none":  {"", "iam.amazonaws.com", "config.us-east-1.amazonaws.com", true},
		"aws":   {"eu-central-1", "iam.amazonaws.com", "config.eu-central-1.amazonaws.com", false},
		"gov":   {"us-gov-west-1", "iam.us-gov.amazonaws.com", "config.us-gov-west-1.amazonaws.com", false},
		"china": {"cn-north-1", "iam.cn-north-1.amazonaws.com.cn", "config.cn-north-1.amazonaws.com.cn", false},
	} {
		t.Run(name, func(t *testing.T) {
			plainEnvironment(t)
			hosts := make(map[string]bool)
			client := &http.Client{Transport: wire(func(r *http.Request, _ string) (int, string) {
				hosts[r.URL.Host] = true
				if strings.HasPrefix(r.URL.Host, "config") {
					return 200, "{}"
				}
				return 403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
			})}
			s := open(t, Options{Region: c.region, HTTPClient: client})
			if _, err := s.Alias(t.Context()); ClassOf(err) != Denied {
				t.Fatal(err)
			}
			if _, err := s.ConfigRules(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]bool{c.iam: true, c.config: true}, hosts); diff != "" {
				t.Fatal(diff)
			}
			if _, defaulted := s.Region(); defaulted != c.defaulted {
				t.Fatalf("defaulted = %v", defaulted)
			}
		})
	}
}

func TestConfiguredEndpoints(t *testing.T) {
	plainEnvironment(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://all.example.com")
	t.Setenv("AWS_ENDPOINT_URL_CONFIG_SERVICE", "http://config.example.com")
	var hosts []string
	client := &http.Client{Transport: wire(func(r *http.Request, _ string) (int, string) {
		hosts = append(hosts, r.URL.Host)
		if r.Header.Get("X-Amz-Target") != "" {
			return 200, "{}"
		}
		return 200, identityXML
	})}
	s := open(t, Options{HTTPClient: client})
	id, err := s.Identity(t.Context())
	if want := (Identity{"123456789012", "arn:aws-cn:iam::123456789012:user/alice", "AIDAEXAMPLE", "aws-cn"}); err != nil || id != want {
		t.Fatalf("%+v %v", id, err)
	}
	if _, err := s.Identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ConfigRecording(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"all.example.com", "config.example.com"}, hosts); diff != "" {
		t.Fatal(diff)
	}
}

func TestConfigService(t *testing.T) {
	plainEnvironment(t)
	pages := []string{
		`{"ConfigRules":[{"ConfigRuleName":"a","ConfigRuleState":"ACTIVE","Source":{"Owner":"AWS","SourceIdentifier":"ACCESS_KEYS_ROTATED"}}],"NextToken":"more"}`,
		`{"ConfigRules":[{"ConfigRuleName":"b","ConfigRuleState":"DELETING","Source":{"Owner":"AWS","SourceIdentifier":"IAM_ROOT_ACCESS_KEY_CHECK"}}]}`,
	}
	var bodies []string
	synctest.Test(t, func(t *testing.T) {
		client := &http.Client{Transport: wire(func(r *http.Request, body string) (int, string) {
			bodies = append(bodies, r.Header.Get("X-Amz-Target")+" "+body)
			if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="+testID+"/") {
				return 403, `{"__type":"MissingAuthenticationTokenException"}`
			}
			switch {
			case len(bodies) == 1:
				return 400, `{"__type":"com.amazonaws.x#ThrottlingException","message":"Rate exceeded"}`
			case strings.Contains(body, "more"):
				return 200, pages[1]
			case strings.Contains(r.Header.Get("X-Amz-Target"), "Recorder"):
				return 200, `{"ConfigurationRecordersStatus":[{"name":"default","recording":true}]}`
			}
			return 200, pages[0]
		})}
		s := open(t, Options{HTTPClient: client})
		rules, err := s.ConfigRules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []ConfigRule{{Name: "a", Identifier: "ACCESS_KEYS_ROTATED", Active: true}, {Name: "b", Identifier: "IAM_ROOT_ACCESS_KEY_CHECK"}}
		if diff := cmp.Diff(want, rules); diff != "" {
			t.Fatal(diff)
		}
		recording, err := s.ConfigRecording(t.Context())
		if err != nil || !recording {
			t.Fatal(recording, err)
		}
	})
	want := []string{
		"StarlingDoveService.DescribeConfigRules {}",
		"StarlingDoveService.DescribeConfigRules {}",
		`StarlingDoveService.DescribeConfigRules {"NextToken":"more"}`,
		"StarlingDoveService.DescribeConfigurationRecorderStatus {}",
	}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Fatal(diff)
	}
}

func TestConfigDeniedIsClassed(t *testing.T) {
	plainEnvironment(t)
	client := &http.Client{Transport: wire(func(*http.Request, string) (int, string) {
		return 400, `{"__type":"AccessDeniedException","Message":"no"}`
	})}
	_, err := open(t, Options{HTTPClient: client}).ConfigRules(t.Context())
	if ClassOf(err) != Denied || Hint(err) != "Allow config:DescribeConfigRules to the caller." {
		t.Fatal(err, ClassOf(err), Hint(err))
	}
}

func TestAttemptsAndLog(t *testing.T) {
	plainEnvironment(t)
	var log bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		client := &http.Client{Transport: wire(func(*http.Request, string) (int, string) {
			return 400, "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>r</RequestId></ErrorResponse>"
		})}
		s := open(t, Options{HTTPClient: client, Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		if _, err := s.Keys(t.Context(), "alice"); ClassOf(err) != Throttled {
			t.Fatal(err)
		}
	})
	var calls []map[string]any
	for _, line := range strings.Split(strings.TrimSpace(log.String()), "\n") {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry["msg"] == "aws call" {
			calls = append(calls, entry)
		}
	}
	if len(calls) != 1 || calls[0]["service"] != "IAM" || calls[0]["action"] != "ListAccessKeys" || calls[0]["attempts"] != float64(defaultAttempts) || calls[0]["class"] != "Throttled" {
		t.Fatalf("%s", log.String())
	}
	for _, hidden := range []string{testSecret, "UserName", "alice"} {
		if strings.Contains(log.String(), hidden) {
			t.Fatalf("the log shows %q:\n%s", hidden, log.String())
		}
	}
}

func TestAttemptsOfTheEnvironment(t *testing.T) {
	plainEnvironment(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "2")
	attempts := 0
	client := &http.Client{Transport: wire(func(*http.Request, string) (int, string) {
		attempts++
		return 503, "<ErrorResponse><Error><Code>ServiceUnavailable</Code></Error></ErrorResponse>"
	})}
	synctest.Test(t, func(t *testing.T) {
		if _, err := open(t, Options{HTTPClient: client}).Alias(t.Context()); ClassOf(err) != Service {
			t.Fatal(err)
		}
	})
	if attempts != 2 {
		t.Fatalf("%d attempts", attempts)
	}
}

func TestNowFollowsAWS(t *testing.T) {
	plainEnvironment(t)
	var log bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		client := &http.Client{Transport: wire(func(*http.Request, string) (int, string) { return 200, identityXML })}
		s := open(t, Options{HTTPClient: client, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if _, known := s.Skew(); known || !s.Now().Equal(time.Now()) {
			t.Fatal("skew is known before any answer")
		}
		if _, err := s.Identity(t.Context()); err != nil {
			t.Fatal(err)
		}
		ahead := time.Until(s.Now())
		if ahead < time.Hour-time.Second || ahead > time.Hour+time.Second {
			t.Fatalf("AWS is an hour ahead, Now says %s", ahead)
		}
		if skew, known := s.Skew(); !known || skew != time.Hour {
			t.Fatal(skew, known)
		}
	})
	if strings.Count(log.String(), "clock is 1h0m0s away") != 1 {
		t.Fatal(log.String())
	}
}

func TestClockBounds(t *testing.T) {
	base := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	c := &clock{log: slog.New(slog.DiscardHandler)}
	steps := []struct {
		name           string
		date           time.Duration
		sent, received time.Duration
		want           time.Duration
	}{
		{"within the second cut off", 0, 600 * time.Millisecond, 900 * time.Millisecond, 0},
		{"ahead by ten", 10 * time.Second, 0, 100 * time.Millisecond, 9900 * time.Millisecond},
		{"narrowed from below", 11 * time.Second, time.Second, time.Second, 10 * time.Second},
		{"clock was set: anew", -3600 * time.Second, 0, 0, -3599 * time.Second},
	}
	for _, s := range steps {
		c.observe(base.Add(s.date), base.Add(s.sent), base.Add(s.received))
		if got := c.offset(); got != s.want {
			t.Errorf("%s: %s, want %s", s.name, got, s.want)
		}
	}
}

// TestTimeGoesOn: whatever the host's clock shows, each answer tells a little
// better by how much it is off; meanwhile time neither goes back nor stands
// still, and is never off by more than the second that Date cuts off.
func TestTimeGoesOn(t *testing.T) {
	aws := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, ahead := range []time.Duration{-10 * time.Minute, -300 * time.Millisecond, 0, 300 * time.Millisecond, 10 * time.Minute} {
		c := &clock{log: slog.New(slog.DiscardHandler)}
		var before time.Time
		stood := 0
		for call := range 400 {
			sent := aws.Add(time.Duration(call) * 7 * time.Millisecond)
			answered := sent.Add(2 * time.Millisecond)
			c.observe(answered.Truncate(time.Second), sent.Add(ahead), answered.Add(ahead))
			told := c.at(answered.Add(ahead + time.Millisecond))
			switch {
			case told.Before(before):
				t.Fatalf("host %s ahead, call %d: %s after %s", ahead, call, told, before)
			case told.Equal(before):
				stood++
			}
			if off := told.Sub(answered).Abs(); off > 1100*time.Millisecond {
				t.Fatalf("host %s ahead, call %d: time is off by %s", ahead, call, off)
			}
			before = told
		}
		// Where an offset of none turns out wrong, time waits for once.
		if stood > 0 && ahead.Abs() > time.Second || stood > 150 {
			t.Errorf("host %s ahead: time stood still in %d of 400 calls", ahead, stood)
		}
		if set := c.at(aws.Add(ahead - time.Hour)); set.After(aws.Add(-50 * time.Minute)) {
			t.Errorf("the host's clock was set back by an hour, and time is %s", set)
		}
	}
}

func TestWithoutCredentials(t *testing.T) {
	plainEnvironment(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	_, err := open(t, Options{}).Identity(t.Context())
	if ClassOf(err) != CredentialsMissing {
		t.Fatal(ClassOf(err), err)
	}
	_, err = Open(t.Context(), Options{Profile: "nobody"})
	if ClassOf(err) != CredentialsMissing || !strings.Contains(Hint(err), "nobody") {
		t.Fatal(ClassOf(err), err)
	}
}

func TestSessionShowsNoSecret(t *testing.T) {
	plainEnvironment(t)
	s := open(t, Options{Profile: ""})
	if text := s.String(); strings.Contains(text, testSecret) || strings.Contains(text, testID) {
		t.Fatal(text)
	}
}

// TestGuessedRegionIsSaidWhereItMatters: keys of GovCloud and China are unknown
// in the partition that is asked by default.
func TestGuessedRegionIsSaidWhereItMatters(t *testing.T) {
	for region, want := range map[string]bool{"": true, "us-gov-west-1": false} {
		for code, matters := range map[string]bool{"InvalidClientTokenId": true, "AccessDenied": false} {
			plainEnvironment(t)
			client := &http.Client{Transport: wire(func(*http.Request, string) (int, string) {
				return 403, "<ErrorResponse><Error><Code>" + code + "</Code></Error></ErrorResponse>"
			})}
			_, err := open(t, Options{Region: region, HTTPClient: client}).Identity(t.Context())
			if got := strings.Contains(Hint(err), "--region"); got != (want && matters) {
				t.Errorf("region %q, %s: %s", region, code, Hint(err))
			}
		}
	}
}
