package awsapi

import (
	"context"
	"slices"
)

// fixedRegions are those of partitions in which none has to be switched on.
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
var fixedRegions = map[string][]string{
	"aws-us-gov": {"us-gov-east-1", "us-gov-west-1"},
	"aws-cn":     {"cn-north-1", "cn-northwest-1"},
}

// EnabledRegions returns the regions that the session's account can use, in the
// alphabet's order (account:ListRegions).
// https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html
func (s *Session) EnabledRegions(ctx context.Context) ([]string, error) {
	const call = "account:ListRegions"
	id, err := s.Identity(ctx)
	if err != nil {
		return nil, err
	}
	if fixed := fixedRegions[id.Partition]; fixed != nil {
		return slices.Clone(fixed), nil
	}
	var all []string
	for token := ""; ; {
		in := map[string]any{"MaxResults": 50, "RegionOptStatusContains": []string{"ENABLED", "ENABLED_BY_DEFAULT"}}
		if token != "" {
			in["NextToken"] = token
		}
		var out struct {
			NextToken string
			Regions   []struct{ RegionName string }
		}
		err := s.wireJSON(ctx, wireCall{
			service: "Account", host: "account", action: "ListRegions", region: HomeRegion(id.Partition), path: "/listRegions",
		}, in, &out)
		if err != nil {
			return nil, s.fail(call, err)
		}
		for _, r := range out.Regions {
			all = append(all, r.RegionName)
		}
		if token = out.NextToken; token == "" {
			slices.Sort(all)
			return all, nil
		}
	}
}
