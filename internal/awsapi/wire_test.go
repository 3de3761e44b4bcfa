package awsapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/keytend/keytend/internal/accesskey"
)

// The SDK's own client of Systems Manager is what ours is held to.

// sameAnswer answers every request alike and keeps the last one.
type sameAnswer struct {
	status int
	header http.Header
	body   string
	last   *http.Request
	sent   string
}

func (a *sameAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	var err error
	if r.Body != nil {
		sent, err = io.ReadAll(r.Body)
	}
	a.last, a.sent = r, string(sent)
	answer := &http.Response{StatusCode: a.status, Header: a.header.Clone(), Body: io.NopCloser(strings.NewReader(a.body)), Request: r}
	if answer.Header == nil {
		answer.Header = http.Header{}
	}
	return answer, err
}

func bothOf(t *testing.T, a *sameAnswer) (*Session, *ssm.Client) {
	t.Helper()
	s := OpenWithKey(t.Context(), testID, accesskey.NewSecret(testSecret), Options{Region: "eu-west-1", HTTPClient: &http.Client{Transport: a}, AppID: "keytend/1"})
	return s, ssm.NewFromConfig(s.config, func(o *ssm.Options) { o.Retryer = aws.NopRetryer{} })
}

// unretried lets a session's calls be made once.
func unretried(s *Session) *Session {
	s.retryers.attempts = 1
	return s
}

func TestJSONRequestIsTheSDKs(t *testing.T) {
	a := &sameAnswer{status: 200, body: `{"Parameter":{"Name":"/prod/key","Type":"SecureString","Value":"one","Version":3,"LastModifiedDate":1.5}}`}
	s, sdk := bothOf(t, a)
	if _, err := sdk.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/prod/key"), WithDecryption: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	theirs, theirBody := a.last, a.sent
	text, kind, version, err := s.Parameters("").Value(t.Context(), "/prod/key")
	if err != nil || text.Reveal() != "one" || kind != "SecureString" || version != 3 {
		t.Fatalf("%s %d %v", kind, version, err)
	}
	if a.sent != theirBody || a.last.Method != theirs.Method || a.last.URL.String() != theirs.URL.String() {
		t.Errorf("%s %s %s, want %s %s %s", a.last.Method, a.last.URL, a.sent, theirs.Method, theirs.URL, theirBody)
	}
	for name := range theirs.Header {
		if a.last.Header.Get(name) == "" {
			t.Errorf("without %s", name)
		}
	}
	for _, name := range []string{"Content-Type", "X-Amz-Target", "Accept-Encoding"} {
		if got, want := a.last.Header.Get(name), theirs.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if agent := a.last.Header.Get("User-Agent"); !strings.Contains(agent, "api/ssm#") || !strings.Contains(agent, "app/keytend-1") {
		t.Errorf("user agent %q", agent)
	}
}

// TestJSONErrorsAreTheSDKs compares code, class and certainty.
func TestJSONErrorsAreTheSDKs(t *testing.T) {
	for _, a := range []sameAnswer{
		{status: 400, body: `{"__type":"ParameterNotFound","message":"none"}`},
		{status: 400, body: `{"__type":"com.amazonaws.ssm#AccessDeniedException","Message":"User: x is not authorized to perform: ssm:GetParameter"}`},
		{status: 400, body: `{"__type":"ThrottlingException","message":"Rate exceeded"}`},
		{status: 400, body: `{"__type":"ExpiredTokenException","message":"expired"}`},
		{status: 400, body: `{"message":"m"}`, header: http.Header{"X-Amzn-Errortype": {"InvalidKeyId:http://internal.amazon.com/"}}},
		{status: 500, body: `{"__type":"InternalServerError","message":"failed"}`},
		{status: 502, body: `<html>Bad Gateway</html>`},
		{status: 403, body: `<html>Forbidden</html>`},
		{status: 503, body: ``},
		{status: 400, body: `{}`},
		{status: 200, body: `<html>`},
		{status: 200, body: `{"Parameter":{"Value":"wJalrXUtnFEMI`},
		{status: 400, body: `{"__type":"InvalidSignatureException","message":"Signature expired: 20261123T000000Z is now earlier than"}`},
	} {
		t.Run(fmt.Sprint(a.status, a.body), func(t *testing.T) {
			s, sdk := bothOf(t, &a)
			_, err := sdk.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/prod/key")})
			want := newError("ssm:GetParameter", "", err)
			_, _, _, err = unretried(s).Parameters("").Value(t.Context(), "/prod/key")
			var got *Error
			if !errors.As(err, &got) {
				t.Fatalf("%v", err)
			}
			if got.Code != want.Code || got.Class != want.Class || got.NotDone() != want.NotDone() {
				t.Errorf("%s %s %v, want %s %s %v", got.Code, got.Class, got.NotDone(), want.Code, want.Class, want.NotDone())
			}
			if strings.Contains(fmt.Sprintf("%v %+v", err, got.Unwrap()), "wJalr") {
				t.Error("the error holds a secret")
			}
		})
	}
}

func TestJSONEndpointsAreTheSDKs(t *testing.T) {
	resolver := ssm.NewDefaultEndpointResolverV2()
	for _, region := range []string{"us-east-1", "eu-central-1", "us-gov-west-1", "us-gov-east-1", "cn-north-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1", "mx-central-1"} {
		for kind := range 4 {
			fips, dual := kind&1 != 0, kind&2 != 0
			want, wantErr := resolver.ResolveEndpoint(t.Context(), ssm.EndpointParameters{Region: &region, UseFIPS: &fips, UseDualStack: &dual})
			o := config.LoadOptions{}
			if fips {
				o.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
			}
			if dual {
				o.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
			}
			got, err := underway{wireCall{service: "SSM", host: "ssm"}, nil, aws.Config{Region: region, ConfigSources: []any{o}}}.url(t.Context())
			if (err == nil) != (wantErr == nil) || err == nil && got.Host != want.URI.Host {
				t.Errorf("%s, FIPS %v, dual-stack %v: %v %v, want %v %v", region, fips, dual, got, err, want.URI.Host, wantErr)
			}
		}
	}
}

// TestWhoeverAnswersInOtherWords says nothing about what AWS did.
func TestWhoeverAnswersInOtherWords(t *testing.T) {
	for _, a := range []sameAnswer{
		{status: 403, body: `<html>Forbidden</html>`}, {status: 400, body: ``}, {status: 400, body: `{}`}, {status: 404, body: `<html>`},
	} {
		s, _ := bothOf(t, &a)
		for name, call := range map[string]func() error{
			"JSON":  func() error { _, err := s.ConfigRules(t.Context()); return err },
			"query": func() error { return s.DeleteTopic(t.Context(), "arn:aws:sns:eu-west-1:123456789012:keytend") },
			"S3":    func() error { return s.Object(t.Context(), "example", "key", func(io.Reader) error { return nil }) },
		} {
			if err := call(); err == nil || NotDone(err) {
				t.Errorf("%s, %d %q: %v, not done %v", name, a.status, a.body, err, NotDone(err))
			}
		}
	}
}

// brokenOnce breaks its first answer off.
type brokenOnce struct{ answers int }

func (b *brokenOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	b.answers++
	body := io.Reader(strings.NewReader("whole"))
	if b.answers == 1 {
		body = io.MultiReader(strings.NewReader("wh"), iotest.ErrReader(io.ErrUnexpectedEOF))
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body), Request: r}, nil
}

// TestReadAgainWhereBrokenOff: an object is read anew, from its beginning.
func TestReadAgainWhereBrokenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &http.Client{Transport: &brokenOnce{}}
		s := OpenWithKey(t.Context(), testID, accesskey.NewSecret(testSecret), Options{Region: "eu-west-1", HTTPClient: client})
		var got string
		err := s.Object(t.Context(), "example", "key", func(in io.Reader) error {
			text, err := io.ReadAll(in)
			got = string(text)
			return err
		})
		if err != nil || got != "whole" {
			t.Errorf("%q %v", got, err)
		}
	})
}

// TestHosts holds ours to the rules of the services whose clients we don't have,
// as botocore's endpoint-rule-set-1.json resolves them.
func TestHosts(t *testing.T) {
	for _, x := range []struct {
		host, region string
		fips, dual   bool
		want         string
	}{
		{"s3", "us-east-1", false, false, "s3.us-east-1.amazonaws.com"},
		{"s3", "eu-central-1", false, true, "s3.dualstack.eu-central-1.amazonaws.com"},
		{"s3", "us-east-1", true, true, "s3-fips.dualstack.us-east-1.amazonaws.com"},
		{"s3", "us-gov-west-1", true, false, "s3-fips.us-gov-west-1.amazonaws.com"},
		{"s3", "cn-north-1", false, true, "s3.dualstack.cn-north-1.amazonaws.com.cn"},
		{"s3", "eusc-de-east-1", false, false, "s3.eusc-de-east-1.amazonaws.eu"},
		{"config", "us-gov-west-1", true, false, "config.us-gov-west-1.amazonaws.com"},
		{"config", "us-iso-east-1", false, false, "config.us-iso-east-1.c2s.ic.gov"},
		{"securityhub", "us-gov-west-1", true, false, "securityhub-fips.us-gov-west-1.amazonaws.com"},
		{"account", "us-east-1", true, false, "account-fips.us-east-1.amazonaws.com"},
		{"sns", "eu-central-1", false, true, "sns.eu-central-1.api.aws"},
		{"ec2", "us-east-1", true, false, "ec2-fips.us-east-1.amazonaws.com"},
		{"monitoring", "cn-northwest-1", false, false, "monitoring.cn-northwest-1.amazonaws.com.cn"},
	} {
		o := config.LoadOptions{}
		if x.fips {
			o.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		if x.dual {
			o.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
		}
		got, err := underway{wireCall{host: x.host}, nil, aws.Config{Region: x.region, ConfigSources: []any{o}}}.url(t.Context())
		if err != nil || got.Host != x.want {
			t.Errorf("%+v: %v %v", x, got, err)
		}
	}
}

// TestCloudTrailsHosts: what is taken over from KMS's rules is right for
// CloudTrail, too.
func TestCloudTrailsHosts(t *testing.T) {
	resolver := cloudtrail.NewDefaultEndpointResolverV2()
	for _, region := range []string{"us-east-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1"} {
		for _, fips := range []bool{false, true} {
			want, wantErr := resolver.ResolveEndpoint(t.Context(), cloudtrail.EndpointParameters{Region: &region, UseFIPS: &fips})
			o := config.LoadOptions{}
			if fips {
				o.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
			}
			got, err := underway{wireCall{service: "CloudTrail", host: "cloudtrail"}, nil, aws.Config{Region: region, ConfigSources: []any{o}}}.url(t.Context())
			if (err == nil) != (wantErr == nil) || err == nil && got.Host != want.URI.Host {
				t.Errorf("%s, FIPS %v: %v %v, want %v %v", region, fips, got, err, want.URI.Host, wantErr)
			}
		}
	}
}

func TestJSONEndpointFromEnvironment(t *testing.T) {
	for _, x := range []struct{ all, own, ignore, want string }{
		{"", "", "", "https://ssm.eu-west-1.amazonaws.com/"},
		{"http://127.0.0.1:4566", "", "", "http://127.0.0.1:4566/"},
		{"http://127.0.0.1:4566", "https://vpce.example.com/x", "", "https://vpce.example.com/x"},
		{"http://127.0.0.1:4566", "https://vpce.example.com", "true", "https://ssm.eu-west-1.amazonaws.com/"},
	} {
		t.Setenv("AWS_ENDPOINT_URL", x.all)
		t.Setenv("AWS_ENDPOINT_URL_SSM", x.own)
		t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", x.ignore)
		t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
		s, err := Open(t.Context(), Options{Region: "eu-west-1", HTTPClient: http.DefaultClient})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := (underway{s.Parameters("").call("GetParameter"), s, s.config}).url(t.Context()); err != nil || got.String() != x.want {
			t.Errorf("%+v: %v %v", x, got, err)
		}
	}
}
