package locate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/terraform"
)

// maxState bounds a state that is read as a whole.
const maxState = 256 << 20

// terraformState is what of a state is looked at.
// https://developer.hashicorp.com/terraform/language/state
type terraformState struct {
	Version   int
	Encrypted json.RawMessage `json:"encrypted_data"` // by OpenTofu
	Outputs   map[string]json.RawMessage
	Resources []struct {
		Module, Mode, Type, Name string
		Instances                []struct {
			IndexKey   any `json:"index_key"` // number, text, or none
			Attributes map[string]json.RawMessage
		}
	}
}

// state looks at a state in a file or in S3.
func (h *hunt) state(ctx context.Context, name string) error {
	bucket, isObject := strings.CutPrefix(name, "s3://")
	if !isObject {
		f, err := os.Open(name)
		if err != nil {
			return onDisk(err)
		}
		defer func() { _ = f.Close() }()
		return h.stateText(f, name)
	}
	bucket, key, _ := strings.Cut(bucket, "/")
	switch {
	case bucket == "" || key == "":
		return errors.New("want s3://BUCKET/KEY")
	case h.Session == nil:
		return errors.New("there is no session with AWS")
	}
	return h.Session.Object(ctx, bucket, key, func(text io.Reader) error { return h.stateText(text, name) })
}

// keysInState returns the keys in a state's resources and outputs. Errors quote
// nothing of it.
func keysInState(text io.Reader, keys func([]byte) []accesskey.ID) ([]Find, error) {
	var s terraformState
	var whole bytes.Buffer
	err := json.NewDecoder(io.TeeReader(io.LimitReader(text, maxState), &whole)).Decode(&s)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax), errors.As(err, &kind), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("it is no Terraform state: not the JSON that one is")
	case err != nil:
		return nil, err
	case len(s.Encrypted) > 0:
		return nil, errors.New("it is encrypted: make a file with `tofu state pull`, and name that")
	case s.Version == 0:
		return nil, errors.New("it is no Terraform state: it says no version")
	}
	var found []Find
	for _, name := range slices.Sorted(maps.Keys(s.Outputs)) {
		for _, id := range keys(s.Outputs[name]) {
			found = append(found, Find{Key: id, Kind: InState, Part: "output." + name})
		}
	}
	for _, r := range s.Resources {
		address := r.Type + "." + r.Name
		if r.Mode == "data" {
			address = "data." + address
		}
		if r.Module != "" {
			address = r.Module + "." + address
		}
		for _, instance := range r.Instances {
			for _, name := range slices.Sorted(maps.Keys(instance.Attributes)) {
				for _, id := range keys(instance.Attributes[name]) {
					found = append(found, Find{Key: id, Kind: InState, Part: address + terraform.Index(instance.IndexKey) + ", attribute " + name, Keeper: made(r.Type, name)})
				}
			}
		}
	}
	for _, id := range keys(whole.Bytes()) { // an older version's resources, checks, what a provider keeps for itself
		if !slices.ContainsFunc(found, func(f Find) bool { return f.Key == id }) {
			found = append(found, Find{Key: id, Kind: InState, Note: "elsewhere than in the resources and outputs of version 4"})
		}
	}
	return found, nil
}

// made says that a resource is the key itself.
func made(resource, attribute string) string {
	if resource == "aws_iam_access_key" && attribute == "id" {
		return "Terraform"
	}
	return ""
}
