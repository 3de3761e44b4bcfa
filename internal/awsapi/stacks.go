package awsapi

import (
	"context"
	"errors"
	"net/url"
	"slices"
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

// gone is the state of stacks that are deleted, which ListStacks goes on showing
// for 90 days.
const gone = "DELETE_COMPLETE"

// AnyStack reports whether there is any stack in a region, and whether a policy of
// the organization bars us from finding out (cloudformation:ListStacks).
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
func (s *Session) AnyStack(ctx context.Context, region string) (any, barred bool, err error) {
	for token := ""; ; {
		form := url.Values{}
		if token != "" {
			form.Set("NextToken", token)
		}
		var answer struct {
			Next   string   `xml:"ListStacksResult>NextToken"`
			States []string `xml:"ListStacksResult>StackSummaries>member>StackStatus"`
		}
		err = s.wireForm(ctx, wireCall{service: "CloudFormation", host: "cloudformation", action: "ListStacks", region: region}, "2010-05-15", form, &answer)
		if err != nil {
			if ClassOf(err) == DeniedByOrganization {
				return false, true, nil
			}
			return false, false, s.fail("cloudformation:ListStacks", err)
		}
		if slices.ContainsFunc(answer.States, func(state string) bool { return state != gone }) {
			return true, false, nil
		}
		if token = answer.Next; token == "" {
			return false, false, nil
		}
	}
}

// noSuchStack: CloudFormation has no code of its own for it.
func noSuchStack(err error) bool {
	var refusal smithy.APIError
	return errors.As(err, &refusal) && refusal.ErrorCode() == "ValidationError" && strings.Contains(refusal.ErrorMessage(), "does not exist")
}
