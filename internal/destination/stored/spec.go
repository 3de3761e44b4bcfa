package stored

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Spec is what the name of a destination says after its kind:
// NAME[?region=…&key-field=…&secret-field=…].
type Spec struct {
	Name                 string
	Region               string // empty: not said
	IDField, SecretField string // both or none
}

var regionName = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-\d+$`)

var options = []string{"region", "key-field", "secret-field"}

// Parse takes it apart.
func Parse(where string) (Spec, error) {
	name, query, _ := strings.Cut(where, "?")
	s := Spec{Name: name}
	values, err := url.ParseQuery(query)
	if err != nil {
		return s, fmt.Errorf("options %q are not of the form region=…&key-field=…", query)
	}
	for option, given := range values {
		if !slices.Contains(options, option) || len(given) != 1 || given[0] == "" || !utf8.ValidString(given[0]) {
			return s, fmt.Errorf("option %q: want each of %s once at most, with a value", option, strings.Join(options, ", "))
		}
	}
	s.Region, s.IDField, s.SecretField = values.Get("region"), values.Get("key-field"), values.Get("secret-field")
	switch {
	case s.Region != "" && !regionName.MatchString(s.Region):
		return s, fmt.Errorf("%q is not a region", s.Region)
	case (s.IDField == "") != (s.SecretField == ""):
		return s, fmt.Errorf("give both key-field and secret-field, or none")
	case s.IDField != "" && s.IDField == s.SecretField:
		return s, fmt.Errorf("key-field and secret-field are the same")
	}
	return s, nil
}

// String is the whole text again, the same for the same destination.
func (s Spec) String() string {
	values := url.Values{}
	for option, value := range map[string]string{"region": s.Region, "key-field": s.IDField, "secret-field": s.SecretField} {
		if value != "" {
			values.Set(option, value)
		}
	}
	if strings.HasPrefix(s.Name, "arn:") {
		values.Del("region") // the ARN says it
	}
	if len(values) == 0 {
		return s.Name
	}
	return s.Name + "?" + values.Encode()
}

// Document is the document that the options speak of. user is whose key it is.
func (s Spec) Document(user string) Document {
	return Document{IDField: s.IDField, SecretField: s.SecretField, User: user}
}
