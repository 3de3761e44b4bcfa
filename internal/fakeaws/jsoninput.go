package fakeaws

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// decode reads the document of a JSON 1.1 call. Members that the simulation
// doesn't know are ignored, as AWS ignores them.
func decode[T any](r *request) (T, *apiError) {
	var in T
	if len(r.body) == 0 {
		return in, nil
	}
	if err := json.Unmarshal(r.body, &in); err != nil {
		return in, &apiError{Status: 400, Code: "SerializationException", Message: ""}
	}
	return in, nil
}

// instant is a time as JSON 1.1 clients send it: seconds since 1970, perhaps
// with a fraction. The zero instant was not sent.
type instant struct{ time.Time }

// MarshalJSON writes it as it came.
func (i instant) MarshalJSON() ([]byte, error) { return epoch(i.Time).MarshalJSON() }

// UnmarshalJSON reads a number; anything else is an error.
func (i *instant) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	var seconds float64
	if err := json.Unmarshal(text, &seconds); err != nil {
		return err
	}
	i.Time = time.UnixMilli(int64(seconds * 1000)).UTC()
	return nil
}

// token is the NextToken that leads to the items after one: opaque, and good
// only for the same action with the same parameters (of which scope is made).
func (r *request) token(scope, after string) string {
	return base64.StdEncoding.EncodeToString([]byte(r.action + "\x00" + scope + "\x00" + after))
}

// openToken gives back what token was made with; false: it is not one of these.
func (r *request) openToken(token, scope string) (after string, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return "", false
	}
	return strings.CutPrefix(string(raw), r.action+"\x00"+scope+"\x00")
}
