package awsapi

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/keytend/keytend/internal/accesskey"
)

// StackThatMade returns the stack of a region that made a key, and its logical ID
// there (cloudformation:DescribeStackResources); both empty: none did. Empty
// region: the session's.
func (s *Session) StackThatMade(ctx context.Context, region string, key accesskey.ID) (stack, logicalID string, err error) {
	if region == "" {
		region = s.config.Region
	}
	var answer struct {
		Resources []struct {
			StackName          string
			LogicalResourceId  string
			PhysicalResourceId string
		} `xml:"DescribeStackResourcesResult>StackResources>member"`
	}
	err = s.wireForm(ctx, wireCall{service: "CloudFormation", host: "cloudformation", action: "DescribeStackResources", region: region},
		"2010-05-15", url.Values{"PhysicalResourceId": {string(key)}}, &answer)
	if noSuchStack(err) {
		return "", "", nil
	}
	if err != nil {
		return "", "", s.fail("cloudformation:DescribeStackResources", err)
	}
	for _, r := range answer.Resources {
		if r.PhysicalResourceId == string(key) {
			return r.StackName, r.LogicalResourceId, nil
		}
	}
	return "", "", s.fail("cloudformation:DescribeStackResources", errors.New("answer names a stack, and not what it made"))
}

// noSuchStack: CloudFormation has no code of its own for it.
func noSuchStack(err error) bool {
	var refusal smithy.APIError
	return errors.As(err, &refusal) && refusal.ErrorCode() == "ValidationError" && strings.Contains(refusal.ErrorMessage(), "does not exist")
}
