package fakeaws

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// OIDCProviderSpec describes an OpenID Connect provider of an account.
type OIDCProviderSpec struct {
	URL         string // with or without https://
	ClientIDs   []string
	Thumbprints []string
	Created     time.Time
	Tags        map[string]string
}

type oidcProvider struct {
	url         string // without https://
	clients     []string
	thumbprints []string
	created     time.Time
	tags        map[string]string
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
func oidcActions() map[string]action {
	named := []string{"OpenIDConnectProviderArn"}
	return map[string]action{
		"ListOpenIDConnectProviders": {do: listOIDCProviders, on: onAll("oidc-provider")},
		"GetOpenIDConnectProvider":   {do: getOIDCProvider, on: onOIDCProvider, needs: named},
		"CreateOpenIDConnectProvider": {do: createOIDCProvider, needs: []string{"Url"}, on: func(r *request) target {
			return target{arn: r.account.oidcARN(strings.TrimPrefix(r.value("Url"), "https://"))}
		}},
		"DeleteOpenIDConnectProvider":             {do: deleteOIDCProvider, on: onOIDCProvider, needs: named},
		"AddClientIDToOpenIDConnectProvider":      {do: addOIDCClient, on: onOIDCProvider, needs: append(named[:1:1], "ClientID")},
		"RemoveClientIDFromOpenIDConnectProvider": {do: removeOIDCClient, on: onOIDCProvider, needs: append(named[:1:1], "ClientID")},
	}
}

func (acct *account) seedOIDC(specs []OIDCProviderSpec) {
	for _, s := range specs {
		acct.oidc = append(acct.oidc, &oidcProvider{
			url: strings.TrimPrefix(s.URL, "https://"), clients: slices.Clone(s.ClientIDs), thumbprints: slices.Clone(s.Thumbprints),
			created: acct.since(s.Created), tags: copied(s.Tags),
		})
	}
}

func (acct *account) oidcARN(url string) string { return acct.arn("iam", "oidc-provider/"+url) }

func onOIDCProvider(r *request) target { return target{arn: r.value("OpenIDConnectProviderArn")} }

func (r *request) oidcProvider() (*oidcProvider, *apiError) {
	arn := r.value("OpenIDConnectProviderArn")
	for _, p := range r.account.oidc {
		if r.account.oidcARN(p.url) == arn {
			return p, nil
		}
	}
	return nil, errNoEntity("OpenIDConnect Provider not found for arn " + arn)
}

func listOIDCProviders(r *request) (any, *apiError) {
	type listed struct{ Arn string }
	list := []listed{}
	for _, p := range r.account.oidc {
		list = append(list, listed{r.account.oidcARN(p.url)})
	}
	return struct{ OpenIDConnectProviderList []listed }{list}, nil
}

func getOIDCProvider(r *request) (any, *apiError) {
	p, err := r.oidcProvider()
	if err != nil {
		return nil, err
	}
	return struct {
		Url                          string
		ClientIDList, ThumbprintList []string
		CreateDate                   time.Time
		Tags                         []tag
	}{p.url, p.clients, p.thumbprints, p.created, tagList(p.tags)}, nil
}

// createOIDCProvider finds a thumbprint by itself where none is given, as IAM
// does; it has no use for one of a provider whose certificate it trusts.
func createOIDCProvider(r *request) (any, *apiError) {
	given := r.value("Url")
	url, secure := strings.CutPrefix(given, "https://")
	if !secure || url == "" {
		return nil, errInvalidInput("Invalid Open ID Connect Provider URL")
	}
	if slices.ContainsFunc(r.account.oidc, func(p *oidcProvider) bool { return p.url == url }) {
		return nil, errExists("Provider with url " + given + " already exists.")
	}
	tags, err := r.checkedTags()
	if err != nil {
		return nil, err
	}
	made := &oidcProvider{url: url, clients: r.list("ClientIDList"), thumbprints: r.list("ThumbprintList"), created: second(r.now), tags: map[string]string{}}
	if len(made.thumbprints) == 0 {
		made.thumbprints = []string{strings.Repeat("f", 40)}
	}
	if err := retag(made.tags, tags); err != nil {
		return nil, err
	}
	r.account.oidc = append(r.account.oidc, made)
	slices.SortFunc(r.account.oidc, func(a, b *oidcProvider) int { return cmp.Compare(a.url, b.url) })
	return struct {
		OpenIDConnectProviderArn string
		Tags                     []tag
	}{r.account.oidcARN(url), tagList(made.tags)}, nil
}

func deleteOIDCProvider(r *request) (any, *apiError) {
	p, err := r.oidcProvider()
	if err != nil {
		return nil, err
	}
	r.account.oidc = slices.DeleteFunc(r.account.oidc, func(have *oidcProvider) bool { return have == p })
	return nil, nil
}

func addOIDCClient(r *request) (any, *apiError) {
	p, err := r.oidcProvider()
	if err != nil {
		return nil, err
	}
	if id := r.value("ClientID"); !slices.Contains(p.clients, id) {
		p.clients = append(p.clients, id)
	}
	return nil, nil
}

func removeOIDCClient(r *request) (any, *apiError) {
	p, err := r.oidcProvider()
	if err != nil {
		return nil, err
	}
	id := r.value("ClientID")
	p.clients = slices.DeleteFunc(p.clients, func(have string) bool { return have == id })
	return nil, nil
}
