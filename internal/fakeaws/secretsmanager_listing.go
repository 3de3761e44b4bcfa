package fakeaws

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

type listSecretsInput struct {
	MaxResults             int
	NextToken              string
	SortOrder              string
	IncludePlannedDeletion bool
	Filters                []struct {
		Key    string
		Values []string
	}
}

func listSecrets(r *request) (any, *apiError) {
	in, err := decode[listSecretsInput](r)
	if err != nil {
		return nil, err
	}
	home := r.account.in(r.region)
	var found []*secret
	for name := range home.secrets {
		if s := home.secret(name, r.now); s != nil && in.wants(s) {
			found = append(found, s)
		}
	}
	order := func(s *secret) string { return in.moment(s.created) + s.name }
	slices.SortFunc(found, func(a, b *secret) int { return strings.Compare(order(a), order(b)) })
	page, next, ok := pageOf(r, found, in.NextToken, cmp.Or(in.MaxResults, 100), order)
	if !ok {
		return nil, errBadNextToken()
	}
	list := []secretShape{}
	for _, s := range page {
		shape := s.shape(r.now)
		shape.SecretVersionsToStage = s.stages()
		list = append(list, shape)
	}
	return struct {
		SecretList []secretShape
		NextToken  string `json:",omitempty"`
	}{list, next}, nil
}

// moment is a time as a word whose order is the one asked for.
func (in listSecretsInput) moment(t time.Time) string {
	word := t.Format("20060102150405.000000000")
	if in.SortOrder != "desc" {
		return word
	}
	return strings.Map(func(c rune) rune {
		if c == '.' {
			return c
		}
		return '0' + '9' - c
	}, word)
}

func errBadNextToken() *apiError {
	return refusal("InvalidNextTokenException", "Invalid NextToken.")
}

// wants holds a secret against the filters: all of them, each by any of its
// values.
func (in listSecretsInput) wants(s *secret) bool {
	if !s.deletion.IsZero() && !in.IncludePlannedDeletion {
		return false
	}
	for _, f := range in.Filters {
		if !slices.ContainsFunc(f.Values, func(value string) bool { return s.fits(f.Key, value) }) {
			return false
		}
	}
	return true
}

func (s *secret) fits(filter, value string) bool {
	prefix, negated := strings.CutPrefix(value, "!")
	fits := slices.ContainsFunc(s.filtered(filter), func(have string) bool {
		if filter == "description" || filter == "all" {
			have, prefix = strings.ToLower(have), strings.ToLower(prefix)
		}
		return strings.HasPrefix(have, prefix)
	})
	return fits != negated
}

// filtered are the words that a filter looks at.
func (s *secret) filtered(filter string) []string {
	var keys, values []string
	for key, value := range s.tags {
		keys, values = append(keys, key), append(values, value)
	}
	switch filter {
	case "name":
		return []string{s.name}
	case "description":
		return []string{s.description}
	case "tag-key":
		return keys
	case "tag-value":
		return values
	case "owning-service":
		return []string{s.owner}
	case "all":
		return slices.Concat([]string{s.name, s.description}, keys, values)
	}
	return nil
}

type versionEntry struct {
	VersionID        string   `json:"VersionId"`
	VersionStages    []string `json:",omitempty"`
	LastAccessedDate *epoch   `json:",omitempty"`
	CreatedDate      epoch
	KmsKeyIDs        []string `json:"KmsKeyIds"`
}

type listVersionsInput struct {
	secretRef
	MaxResults        int
	NextToken         string
	IncludeDeprecated bool
}

func listSecretVersionIDs(r *request, s *secret, in listVersionsInput) (any, *apiError) {
	list := []versionEntry{}
	for _, v := range s.versions {
		if len(v.labels) == 0 && !in.IncludeDeprecated {
			continue
		}
		key := "DefaultEncryptionKey"
		if v.key.through == "" {
			key = v.key.arn
		}
		list = append(list, versionEntry{v.id, slices.Clone(v.labels), epochOf(v.accessed), epoch(v.created), []string{key}})
	}
	slices.SortFunc(list, func(a, b versionEntry) int { return strings.Compare(a.VersionID, b.VersionID) })
	page, next, ok := pageOf(r, list, in.NextToken, cmp.Or(in.MaxResults, 100), func(e versionEntry) string { return e.VersionID })
	if !ok {
		return nil, errBadNextToken()
	}
	return struct {
		Versions  []versionEntry
		NextToken string `json:",omitempty"`
		Arn       string `json:"ARN"`
		Name      string
	}{page, next, s.arn, s.name}, nil
}
