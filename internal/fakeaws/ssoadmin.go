package fakeaws

import (
	"cmp"
	"fmt"
)

// ssoService is IAM Identity Center as far as finding its instance, one for each
// directory; it has no permission sets.
// https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ListInstances.html
func ssoService() service {
	return service{
		name: "sso", source: "sso.amazonaws.com", protocol: json11, target: "SWBExternalService",
		actions: map[string]action{"ListInstances": {do: listSSOInstances, reads: true}},
	}
}

func listSSOInstances(r *request) (any, *apiError) {
	type instance struct {
		ARN   string `json:"InstanceArn"`
		Store string `json:"IdentityStoreId"`
	}
	list := []instance{}
	for _, d := range r.account.spec.Directories {
		if cmp.Or(d.Region, standardRegion) == r.region {
			list = append(list, instance{fmt.Sprintf("arn:%s:sso:::instance/ssoins-%016x", r.account.partition, hash(r.account.id, d.ID)), d.ID})
		}
	}
	return struct{ Instances []instance }{list}, nil
}
