package fakeaws

import (
	"cmp"
	"slices"
)

// DirectorySpec describes an identity store of IAM Identity Center.
type DirectorySpec struct {
	ID        string // d-1234567890
	Region    string // empty: us-east-1
	Addresses []string
}

// identitystoreService is Identity Center's users as far as finding one by a
// mail address.
// https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/
func identitystoreService() service {
	return service{
		name: "identitystore", source: "identitystore.amazonaws.com", protocol: json11, target: "AWSIdentityStore",
		actions: map[string]action{"GetUserId": {do: getUserID, reads: true}},
	}
}

func getUserID(r *request) (any, *apiError) {
	in, err := decode[struct {
		IdentityStoreID     string `json:"IdentityStoreId"`
		AlternateIdentifier struct {
			UniqueAttribute struct{ AttributePath, AttributeValue string }
		}
	}](r)
	if err != nil {
		return nil, err
	}
	for _, d := range r.account.spec.Directories {
		if d.ID != in.IdentityStoreID || cmp.Or(d.Region, standardRegion) != r.region {
			continue
		}
		wanted := in.AlternateIdentifier.UniqueAttribute
		if wanted.AttributePath != "emails.value" || !slices.Contains(d.Addresses, wanted.AttributeValue) {
			return nil, notThere("USER", "USER not found.")
		}
		return struct{ UserId, IdentityStoreId string }{uuidOf(d.ID, wanted.AttributeValue), d.ID}, nil
	}
	return nil, notThere("IDENTITY_STORE", "IDENTITY_STORE not found.")
}

func notThere(kind, text string) *apiError {
	return &apiError{Status: 400, Code: "ResourceNotFoundException", Message: text, Kind: kind}
}
