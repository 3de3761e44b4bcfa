package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// wireJSON makes a call with a JSON document each way: of JSON 1.1 where c names
// a target, else of REST.
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
func (s *Session) wireJSON(ctx context.Context, c wireCall, in, out any) (err error) {
	c.content = "application/json"
	if c.target != "" {
		c.content = "application/x-amz-json-1.1"
	}
	if c.body, err = json.Marshal(in); err != nil {
		return &smithy.SerializationError{Err: err}
	}
	c.read = document(json.Unmarshal, out)
	return s.wire(ctx, c)
}

// wireForm makes a call of the Query protocol: a form in, XML out, whose
// elements out names from below the root; nil: nobody asks what is answered.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
func (s *Session) wireForm(ctx context.Context, c wireCall, version string, form url.Values, out any) error {
	form.Set("Action", c.action)
	form.Set("Version", version)
	c.content = "application/x-www-form-urlencoded; charset=utf-8"
	c.body = []byte(form.Encode())
	c.read = document(xml.Unmarshal, out)
	return s.wire(ctx, c)
}

// document reads an answer as one document; some calls answer none.
func document(unmarshal func([]byte, any) error, out any) func(io.Reader) error {
	return func(answer io.Reader) error {
		text, err := whole(answer)
		if err != nil || len(text) == 0 || out == nil {
			return err
		}
		if err := unmarshal(text, out); err != nil {
			return &smithy.DeserializationError{Err: err} // no Snapshot: it may hold a secret
		}
		return nil
	}
}

// whole is an answer's body.
func whole(answer io.Reader) ([]byte, error) {
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer); err != nil {
		return nil, &smithyhttp.RequestSendError{Err: err}
	}
	return body.Bytes(), nil
}

// onWireTag is a tag as most services have it.
type onWireTag struct{ Key, Value string }

func tagsOnWire(tags map[string]string) []onWireTag {
	var list []onWireTag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, onWireTag{key, tags[key]})
	}
	return list
}

func tagsOffWire(list []onWireTag) map[string]string {
	tags := map[string]string{}
	for _, t := range list {
		tags[t.Key] = t.Value
	}
	return tags
}

// tagsInForm writes tags as the Query protocol has them.
func tagsInForm(form url.Values, tags map[string]string) {
	for i, t := range tagsOnWire(tags) {
		at := fmt.Sprintf("Tags.member.%d.", i+1)
		form.Set(at+"Key", t.Key)
		form.Set(at+"Value", t.Value)
	}
}

// listInForm writes a list as the Query protocol has it.
func listInForm(form url.Values, name string, values []string) {
	for i, value := range values {
		form.Set(fmt.Sprintf("%s.member.%d", name, i+1), value)
	}
}
