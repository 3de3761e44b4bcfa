package fakeaws

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"
)

// A function's package is greater than any other request may be.
func TestHowMuchARequestMayBring(t *testing.T) {
	for service, refused := range map[string]bool{"lambda": false, "iam": true} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/2015-03-31/functions", bytes.NewReader(make([]byte, maxBody+1)))
		r.Header.Set("X-Amz-Date", "20261123T120000Z")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/us-east-1/"+service+"/aws4_request, SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64))
		if _, err := readBody(r); (err != nil) != refused {
			t.Errorf("%s: %v", service, err)
		}
	}
}
