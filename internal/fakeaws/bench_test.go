package fakeaws_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/keytend/keytend/internal/fakeaws"
)

// largeSpec is an account as full as AWS allows by default.
func largeSpec() fakeaws.AccountSpec {
	spec := adminSpec()
	spec.Groups = []fakeaws.GroupSpec{{Name: "ops", ManagedPolicies: []string{adminPolicy}}}
	for i := range 4999 {
		spec.Users = append(spec.Users, fakeaws.UserSpec{
			Name: fmt.Sprintf("user-%04d", i), Groups: []string{"ops"}, Tags: map[string]string{"Owner": "a@example.com", "Team": "x", "Note": "y"},
			ManagedPolicies: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, Keys: []fakeaws.KeySpec{{}, {}},
			InlinePolicies: map[string]string{"own": fakeaws.FullAWSAccess},
		})
	}
	return spec
}

// lastRequest keeps what the SDK sent so that the server's part can be timed
// without the SDK's.
type lastRequest struct {
	through http.RoundTripper
	request *http.Request
	body    []byte
}

func (l *lastRequest) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	l.request, l.body = r, body
	return l.replay()
}

func (l *lastRequest) replay() (*http.Response, error) {
	l.request.Body = io.NopCloser(bytes.NewReader(l.body))
	return l.through.RoundTrip(l.request)
}

func BenchmarkDetailsOfThousandUsers(b *testing.B) {
	cloud := fakeaws.New(fakeaws.Config{})
	cloud.AddAccount(largeSpec())
	recorder := &lastRequest{through: cloud.RoundTripper()}
	c := config(cloud, adminOf(cloud))
	c.HTTPClient = &http.Client{Transport: recorder}
	size := int32(1000)
	if _, err := iam.NewFromConfig(c).GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{MaxItems: &size}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		reply, err := recorder.replay()
		if err != nil || reply.StatusCode != http.StatusOK {
			b.Fatal(reply, err)
		}
		n, _ := io.Copy(io.Discard, reply.Body)
		b.SetBytes(n)
	}
}

func BenchmarkSeedFiveThousandUsers(b *testing.B) {
	spec := largeSpec()
	for b.Loop() {
		fakeaws.New(fakeaws.Config{}).AddAccount(spec)
	}
}
