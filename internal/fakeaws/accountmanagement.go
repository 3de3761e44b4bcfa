package fakeaws

import (
	"net/http"
	"slices"
)

// defaultRegions are those that every account of the aws partition can use.
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
var defaultRegions = []string{
	"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1",
	"eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
}

// accountService is Account Management as far as telling which regions an
// account can use.
// https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html
func accountService() service {
	return service{
		name: "account", source: "account.amazonaws.com", protocol: restJSON, global: true,
		routes: func(r *http.Request) string {
			if r.Method == http.MethodPost && r.URL.Path == "/listRegions" {
				return "ListRegions"
			}
			return ""
		},
		actions: map[string]action{"ListRegions": {do: listRegions, reads: true}},
	}
}

type regionOptStatus struct{ RegionName, RegionOptStatus string }

// listRegions gives them all in one page.
func listRegions(r *request) (any, *apiError) {
	in, err := decode[struct{ RegionOptStatusContains []string }](r)
	if err != nil {
		return nil, err
	}
	wanted := func(status string) bool {
		return len(in.RegionOptStatusContains) == 0 || slices.Contains(in.RegionOptStatusContains, status)
	}
	list := []regionOptStatus{}
	for _, name := range defaultRegions {
		if wanted("ENABLED_BY_DEFAULT") {
			list = append(list, regionOptStatus{name, "ENABLED_BY_DEFAULT"})
		}
	}
	for _, name := range r.account.spec.OptedIn {
		if wanted("ENABLED") {
			list = append(list, regionOptStatus{name, "ENABLED"})
		}
	}
	return struct{ Regions []regionOptStatus }{list}, nil
}
