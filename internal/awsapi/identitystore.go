package awsapi

import (
	"context"
	"errors"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// KnowsAddress reports whether a user of IAM Identity Center has a mail address,
// in an identity store (d-1234567890) of a region; empty: the session's
// (identitystore:GetUserId). A store that isn't there is an error, never "no".
// https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_GetUserId.html
func (s *Session) KnowsAddress(ctx context.Context, region, store, address string) (bool, error) {
	type attribute struct{ AttributePath, AttributeValue string }
	in := map[string]any{
		"IdentityStoreId":     store,
		"AlternateIdentifier": map[string]attribute{"UniqueAttribute": {"emails.value", address}},
	}
	var out struct{ UserId string }
	err := s.wireJSON(ctx, wireCall{
		service: "identitystore", host: "identitystore", target: "AWSIdentityStore", action: "GetUserId", region: region,
	}, in, &out)
	var refusal *wireError
	if errors.As(err, &refusal) && refusal.ErrorCode() == "ResourceNotFoundException" && refusal.kind == "USER" {
		return false, nil
	}
	if err == nil && out.UserId == "" {
		err = &smithyhttp.RequestSendError{Err: errors.New("answer has no user")}
	}
	return err == nil, s.fail("identitystore:GetUserId", err)
}
