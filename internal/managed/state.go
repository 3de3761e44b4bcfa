package managed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/terraform"
)

// keyResource is the only type of resource that is looked at.
const keyResource = "aws_iam_access_key"

// stateVersion is the only one that Terraform since 0.12 and OpenTofu write.
// https://developer.hashicorp.com/terraform/internals/json-format says that the
// state itself has no promised format; this much of it has not changed since.
const stateVersion = 4

// resource is one resource of a state. What its instances have besides is passed
// over where it stands, the secret too.
type resource struct {
	Module    string
	Mode      string
	Type      string
	Name      string
	Instances []struct {
		IndexKey   any `json:"index_key"` // number, string, or none
		Attributes struct {
			ID   any `json:"id"` // text; another type of resource may have anything
			User any `json:"user"`
		}
	}
}

// readState returns the access keys that a state manages. It holds one resource
// at a time. The name is the state's, for people.
func readState(text io.Reader, name string) (map[accesskey.ID]Owner, error) {
	state := &stateReader{json: json.NewDecoder(text), name: name, found: map[accesskey.ID]Owner{}}
	if err := state.members(); err != nil {
		return nil, err
	}
	switch {
	case state.encrypted:
		return nil, errors.New("it is encrypted: make a file with `tofu state pull`, and name that")
	case state.version != stateVersion:
		return nil, fmt.Errorf("it is of version %d, and only %d is understood: `terraform state pull` makes a new one", state.version, stateVersion)
	case !state.listed:
		return nil, errors.New("it has no list of resources")
	}
	return state.found, nil
}

// stateReader goes through a state once.
type stateReader struct {
	json      *json.Decoder
	name      string
	version   int
	encrypted bool
	listed    bool // there is a list of resources
	found     map[accesskey.ID]Owner
}

// members goes through the outermost object.
func (s *stateReader) members() error {
	if err := s.delim('{'); err != nil {
		return err
	}
	for s.json.More() {
		name, err := s.json.Token()
		if err != nil {
			return s.broken(err)
		}
		if err := s.member(name); err != nil {
			return err
		}
	}
	return s.delim('}')
}

func (s *stateReader) member(name json.Token) error {
	switch name {
	case "version":
		return s.broken(s.json.Decode(&s.version))
	case "resources":
		s.listed = true
		return s.resources()
	case "encrypted_data":
		s.encrypted = true
	}
	var passedOver struct{}
	err := s.json.Decode(&passedOver)
	var other *json.UnmarshalTypeError
	if errors.As(err, &other) {
		return nil // it is no object, and was passed over all the same
	}
	return s.broken(err)
}

func (s *stateReader) resources() error {
	if err := s.delim('['); err != nil {
		return err
	}
	for s.json.More() {
		var r resource
		if err := s.json.Decode(&r); err != nil {
			return s.broken(err)
		}
		if r.Mode == "managed" && r.Type == keyResource {
			s.note(r)
		}
	}
	return s.delim(']')
}

// note takes the keys of one resource. An instance that is deposed is still
// Terraform's.
func (s *stateReader) note(r resource) {
	whole := keyResource + "." + r.Name
	if r.Module != "" {
		whole = r.Module + "." + whole
	}
	for _, instance := range r.Instances {
		id, _ := instance.Attributes.ID.(string)
		if id == "" {
			continue
		}
		s.found[accesskey.ID(id)] = Owner{
			Program: "Terraform", Address: whole + terraform.Index(instance.IndexKey), Where: s.name,
			whole: whole, single: len(r.Instances) == 1,
		}
	}
}

func (s *stateReader) delim(want json.Delim) error {
	token, err := s.json.Token()
	if err != nil {
		return s.broken(err)
	}
	if token != want {
		return errors.New("it is no Terraform state: not the JSON that one is")
	}
	return nil
}

// broken says where a state stopped being one, and nothing of what stands there:
// it may be a secret.
func (s *stateReader) broken(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends in the middle")
	}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &kind) {
		return fmt.Errorf("it is no Terraform state: not the JSON that one is, at byte %d", s.json.InputOffset())
	}
	return err
}
