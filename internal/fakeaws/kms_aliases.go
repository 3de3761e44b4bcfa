package fakeaws

import (
	"cmp"
	"slices"
	"strings"
)

type keyEntry struct {
	KeyID  string `json:"KeyId"`
	KeyArn string
}

type markerInput struct {
	KeyID  string `json:"KeyId"`
	Limit  int
	Marker string
}

func listKeys(r *request) (any, *apiError) {
	in, err := decode[markerInput](r)
	if err != nil {
		return nil, err
	}
	list := []keyEntry{}
	for _, k := range r.account.in(r.region).keys {
		list = append(list, keyEntry{k.id, k.arn})
	}
	slices.SortFunc(list, func(a, b keyEntry) int { return cmp.Compare(a.KeyID, b.KeyID) })
	page, next, ok := pageOf(r, list, in.Marker, cmp.Or(in.Limit, 100), func(e keyEntry) string { return e.KeyID })
	if !ok {
		return nil, errBadMarker()
	}
	return struct {
		Keys       []keyEntry
		NextMarker string `json:",omitempty"`
		Truncated  bool
	}{page, next, next != ""}, nil
}

func errBadMarker() *apiError {
	return refusal("InvalidMarkerException", "Could not deserialize marker")
}

type aliasEntry struct {
	AliasName       string
	AliasArn        string
	TargetKeyID     string `json:"TargetKeyId"`
	CreationDate    epoch
	LastUpdatedDate epoch
}

func listAliases(r *request) (any, *apiError) {
	in, err := decode[markerInput](r)
	if err != nil {
		return nil, err
	}
	home := r.account.in(r.region)
	var only *kmsKey
	if in.KeyID != "" {
		if only, err = r.key(in.KeyID); err != nil {
			return nil, err
		}
	}
	list := []aliasEntry{}
	for _, a := range home.aliases {
		if only == nil || a.key == only {
			list = append(list, aliasEntry{a.name, home.arn("kms", a.name), a.key.id, epoch(a.created), epoch(a.created)})
		}
	}
	slices.SortFunc(list, func(a, b aliasEntry) int { return cmp.Compare(a.AliasName, b.AliasName) })
	page, next, ok := pageOf(r, list, in.Marker, cmp.Or(in.Limit, 50), func(e aliasEntry) string { return e.AliasName })
	if !ok {
		return nil, errBadMarker()
	}
	return struct {
		Aliases    []aliasEntry
		NextMarker string `json:",omitempty"`
		Truncated  bool
	}{page, next, next != ""}, nil
}

type aliasInput struct {
	AliasName   string
	TargetKeyID string `json:"TargetKeyId"`
}

// mayCreateAlias needs the right to both the alias and the key.
func mayCreateAlias(r *request) *apiError {
	in, err := decode[aliasInput](r)
	if err != nil {
		return err
	}
	alias := target{arn: r.account.in(r.region).arn("kms", in.AliasName)}
	if err := r.permit("kms:CreateAlias", alias, r.account, "", false); err != nil {
		return err
	}
	k, err := r.key(in.TargetKeyID)
	if err != nil {
		return err
	}
	return r.mayUse(k, "CreateAlias", nil, "")
}

func createAlias(r *request) (any, *apiError) {
	in, err := decode[aliasInput](r)
	if err != nil {
		return nil, err
	}
	home := r.account.in(r.region)
	k, err := r.key(in.TargetKeyID)
	switch {
	case err != nil:
		return nil, err
	case !strings.HasPrefix(in.AliasName, "alias/") || len(in.AliasName) == len("alias/"):
		return nil, refusal("InvalidAliasNameException", `Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`)
	case strings.HasPrefix(in.AliasName, "alias/aws/"):
		return nil, refusal("NotAuthorizedException", "")
	case home.aliases[in.AliasName] != nil:
		return nil, refusal("AlreadyExistsException", "An alias with the name %s already exists", home.arn("kms", in.AliasName))
	}
	home.aliases[in.AliasName] = &kmsAlias{in.AliasName, k, r.now}
	return nil, nil
}
