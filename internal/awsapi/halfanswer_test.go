package awsapi

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/keytend/keytend/internal/accesskey"
)

// answering is a session whose every call is answered so, with 200.
func answering(t *testing.T, answer func(*http.Request, string) string) *Session {
	t.Helper()
	client := &http.Client{Transport: wire(func(r *http.Request, body string) (int, string) { return 200, answer(r, body) })}
	return OpenWithKey(t.Context(), testID, accesskey.NewSecret(testSecret), Options{Region: "us-east-1", HTTPClient: client})
}

// result is an answer of IAM with this in it.
func result(action, inside string) string {
	return "<" + action + "Response><" + action + "Result>" + inside + "</" + action + "Result></" + action + "Response>"
}

func summaryOf(names ...string) string {
	entries := ""
	for _, name := range names {
		entries += "<entry><key>" + name + "</key><value>2</value></entry>"
	}
	return result("GetAccountSummary", "<SummaryMap>"+entries+"</SummaryMap>")
}

// TestHalfAnswers: what AWS's answer leaves out is an error that names it,
// never "none", "never" or "no".
func TestHalfAnswers(t *testing.T) {
	const neverUsed = "<ServiceName>N/A</ServiceName><Region>N/A</Region>"
	for name, c := range map[string]struct {
		answer string
		call   func(*Session) error
		want   string // of the error; empty: none
	}{
		"summary": {
			summaryOf("AccessKeysPerUserQuota", "AccountAccessKeysPresent", "AccountSigningCertificatesPresent"), summary, "",
		},
		"summary without root keys": {
			summaryOf("AccessKeysPerUserQuota", "AccountSigningCertificatesPresent"), summary, "iam:GetAccountSummary: answer has no AccountAccessKeysPresent",
		},
		"summary without anything": {summaryOf(), summary, "no AccessKeysPerUserQuota"},
		"never used":               {result("GetAccessKeyLastUsed", "<UserName>alice</UserName><AccessKeyLastUsed>"+neverUsed+"</AccessKeyLastUsed>"), lastUsed, ""},
		"last use left out":        {result("GetAccessKeyLastUsed", "<UserName>alice</UserName>"), lastUsed, "iam:GetAccessKeyLastUsed: answer has no AccessKeyLastUsed"},
		"last use without a date": {
			result("GetAccessKeyLastUsed", "<AccessKeyLastUsed><ServiceName>s3</ServiceName><Region>eu-west-1</Region></AccessKeyLastUsed>"), lastUsed, "no date",
		},
		"no keys":                  {result("ListAccessKeys", "<AccessKeyMetadata/><IsTruncated>false</IsTruncated>"), keys, ""},
		"keys left out":            {result("ListAccessKeys", "<IsTruncated>false</IsTruncated>"), keys, "iam:ListAccessKeys: answer has no AccessKeyMetadata"},
		"account left out":         {"<R><GetAccessKeyInfoResult/></R>", keyAccount, "sts:GetAccessKeyInfo: answer names no account"},
		"certificate's status":     {result("ListSigningCertificates", "<Certificates><member><Status>Odd</Status></member></Certificates>"), certificates, `unknown status "Odd"`},
		"password's user left out": {"<R><GetLoginProfileResult/><GetUserResult/><ListMFADevicesResult/></R>", password, "iam:GetUser: answer has no User"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.call(answering(t, func(*http.Request, string) string { return c.answer }))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
		})
	}
}

func summary(s *Session) error    { _, err := s.Summary(context.Background()); return err }
func keyAccount(s *Session) error { _, err := s.KeyAccount(context.Background(), testID); return err }
func certificates(s *Session) error {
	_, err := s.SigningCertificates(context.Background(), "alice")
	return err
}
func lastUsed(s *Session) error { _, _, err := s.KeyLastUsed(context.Background(), testID); return err }
func keys(s *Session) error     { _, err := s.Keys(context.Background(), "alice"); return err }
func password(s *Session) error { _, err := s.Password(context.Background(), "alice"); return err }

// TestTruncatedWithoutMarker: a page that is said to be followed by another,
// but not by which, leaves things out.
func TestTruncatedWithoutMarker(t *testing.T) {
	for name, list := range map[string]func(*Session) error{
		"iam:ListAccessKeys":                 func(s *Session) error { _, err := s.Keys(context.Background(), "alice"); return err },
		"iam:ListSigningCertificates":        func(s *Session) error { _, err := s.SigningCertificates(context.Background(), "alice"); return err },
		"iam:ListMFADevices":                 func(s *Session) error { _, err := s.hasMFA(context.Background(), "alice"); return err },
		"iam:ListServiceSpecificCredentials": func(s *Session) error { return drain(s.ServiceCredentials(context.Background())) },
		"iam:ListUsers":                      func(s *Session) error { return drain(s.ListUsers(context.Background())) },
		"iam:GetAccountAuthorizationDetails": func(s *Session) error { return drain(s.AuthorizedUsers(context.Background())) },
	} {
		action := name[len("iam:"):]
		for kind, marker := range map[string]string{"no marker": "", "the same marker again": "<Marker>again</Marker>"} {
			t.Run(name+" "+kind, func(t *testing.T) {
				err := list(answering(t, func(*http.Request, string) string {
					return result(action, "<AccessKeyMetadata/><IsTruncated>true</IsTruncated>"+marker)
				}))
				if err == nil || !strings.HasPrefix(err.Error(), name+": answer is truncated") {
					t.Fatalf("error %v", err)
				}
			})
		}
	}
}

func TestConfigRulesEndlessly(t *testing.T) {
	_, err := answering(t, func(*http.Request, string) string { return `{"ConfigRules":[],"NextToken":"again"}` }).ConfigRules(context.Background())
	if err == nil || !strings.Contains(err.Error(), "config:DescribeConfigRules: answer is truncated") {
		t.Fatalf("error %v", err)
	}
}

// drain reads every page and returns the error that ended it.
func drain[T any](pages func(func(T, error) bool)) (last error) {
	for _, err := range pages {
		last = err
	}
	return last
}

// TestMFABehindAnEmptyPage: IAM may give fewer than it has and say so.
func TestMFABehindAnEmptyPage(t *testing.T) {
	has, err := answering(t, func(_ *http.Request, body string) string {
		if strings.Contains(body, "Marker=more") {
			return result("ListMFADevices", "<MFADevices><member><UserName>alice</UserName></member></MFADevices><IsTruncated>false</IsTruncated>")
		}
		return result("ListMFADevices", "<MFADevices/><IsTruncated>true</IsTruncated><Marker>more</Marker>")
	}).hasMFA(context.Background(), "alice")
	if err != nil || !has {
		t.Fatal(has, err)
	}
}

// TestNoSuchUserIsNotNoPassword: AWS answers both with NoSuchEntity.
func TestNoSuchUserIsNotNoPassword(t *testing.T) {
	for message, want := range map[string]Class{
		"Login Profile for User alice cannot be found.": None,
		"The user with name alice cannot be found.":     NotFound,
	} {
		client := &http.Client{Transport: wire(func(*http.Request, string) (int, string) {
			return 404, "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>" + message + "</Message></Error></ErrorResponse>"
		})}
		s := OpenWithKey(t.Context(), testID, accesskey.NewSecret(testSecret), Options{Region: "us-east-1", HTTPClient: client})
		if p, err := s.Password(t.Context(), "alice"); ClassOf(err) != want || p.Enabled {
			t.Errorf("%s: %+v %v", message, p, err)
		}
	}
}
