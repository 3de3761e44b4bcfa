package fakeaws_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/keytend/keytend/internal/fakeaws"
)

func contextWithTimeout(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

// reply is what came back over the wire, as far as a refusal says it.
type reply struct {
	status        int
	code, message string
	body          string
}

func send(t *testing.T, cloud *fakeaws.AWS, r *http.Request) reply {
	t.Helper()
	got, err := cloud.RoundTripper().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	var refusal struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	_ = xml.Unmarshal(body, &refusal) // answers of other shapes have neither
	return reply{got.StatusCode, refusal.Code, refusal.Message, string(body)}
}

// presigned sends GetCallerIdentity signed at a time, in the header or (query)
// in the address.
func presigned(t *testing.T, cloud *fakeaws.AWS, as login, at time.Time, query bool) reply {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15", nil)
	if err != nil {
		t.Fatal(err)
	}
	empty := sha256.Sum256(nil)
	who := aws.Credentials{AccessKeyID: as.id, SecretAccessKey: as.secret}
	if query {
		address, header, err := v4.NewSigner().PresignHTTP(ctx, who, r, hex.EncodeToString(empty[:]), "sts", "us-east-1", at)
		if err != nil {
			t.Fatal(err)
		}
		r, _ = http.NewRequest(http.MethodGet, address, nil)
		r.Header = header
	} else if err := v4.NewSigner().SignHTTP(ctx, who, r, hex.EncodeToString(empty[:]), "sts", "us-east-1", at); err != nil {
		t.Fatal(err)
	}
	return send(t, cloud, r)
}

func TestTamperedRequests(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec())
	signed := func(service, body string) *http.Request {
		r, _ := http.NewRequest(http.MethodPost, "https://iam.amazonaws.com/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		as, hash := adminOf(cloud), sha256.Sum256([]byte(body))
		who := aws.Credentials{AccessKeyID: as.id, SecretAccessKey: as.secret}
		if err := v4.NewSigner().SignHTTP(ctx, who, r, hex.EncodeToString(hash[:]), service, "us-east-1", start); err != nil {
			t.Fatal(err)
		}
		return r
	}
	const list = "Action=ListUsers&Version=2010-05-08"
	tests := []struct {
		name   string
		change func() *http.Request
		status int
		code   string
	}{
		{"as signed", func() *http.Request { return signed("iam", list) }, 200, ""},
		{"other body", func() *http.Request {
			r := signed("iam", list)
			r.Body = io.NopCloser(strings.NewReader("Action=ListRoles&Version=2010-05-08"))
			return r
		}, 403, "SignatureDoesNotMatch"},
		{"other service", func() *http.Request { return signed("sts", list) }, 403, "SignatureDoesNotMatch"},
		{"other host", func() *http.Request {
			r := signed("iam", list)
			r.Host = "iam.us-gov.amazonaws.com"
			return r
		}, 403, "SignatureDoesNotMatch"},
		{"no signature", func() *http.Request {
			r := signed("iam", list)
			r.Header.Del("Authorization")
			return r
		}, 403, "MissingAuthenticationToken"},
		{"half a header", func() *http.Request {
			r := signed("iam", list)
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e")
			return r
		}, 400, "IncompleteSignature"},
		{"bearer", func() *http.Request {
			r := signed("iam", list)
			r.Header.Set("Authorization", "Bearer x")
			return r
		}, 400, "IncompleteSignature"},
		{"unknown action", func() *http.Request { return signed("iam", "Action=Nonsense&Version=2010-05-08") }, 400, "InvalidAction"},
		{"unknown version", func() *http.Request { return signed("iam", "Action=ListUsers&Version=2001-01-01") }, 400, "InvalidAction"},
		{"no action", func() *http.Request { return signed("iam", "Version=2010-05-08") }, 400, "MissingAction"},
		{"missing parameter", func() *http.Request { return signed("iam", "Action=CreateUser&Version=2010-05-08") }, 400, "ValidationError"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := send(t, cloud, tt.change()); got.status != tt.status || got.code != tt.code {
				t.Errorf("got %d %s (%s), want %d %s", got.status, got.code, got.message, tt.status, tt.code)
			}
		})
	}
}

func TestWireShape(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec())
	got := presigned(t, cloud, adminOf(cloud), start, true).body
	for _, want := range []string{
		`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`,
		`<Arn>arn:aws:iam::123456789012:user/tester</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("answer\n  %s\nlacks\n  %s", got, want)
		}
	}
}

func TestOverASocket(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec())
	server := httptest.NewServer(cloud)
	defer server.Close()
	c := config(cloud, adminOf(cloud))
	c.HTTPClient, c.BaseEndpoint = server.Client(), &server.URL
	client := iam.NewFromConfig(c)
	ok[*iam.ListUsersOutput](t)(client.ListUsers(ctx, nil))
	cloud.SetFault(func(fakeaws.Call) fakeaws.Fault { return fakeaws.LoseAnswer() })
	if _, err := client.ListUsers(ctx, nil); err == nil {
		t.Error("a lost answer arrived")
	}
	cloud.SetFault(nil)
	advanced, err := http.Post(server.URL+"/_sim/advance?by=2d", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := advanced.Body.Close(); err != nil {
		t.Error(err)
	}
	if got := cloud.Now().Sub(start); got < 48*time.Hour || got > 49*time.Hour {
		t.Errorf("after /_sim/advance?by=2d the clock is %v on", got)
	}
	ok[*iam.ListUsersOutput](t)(client.ListUsers(ctx, nil))
}
