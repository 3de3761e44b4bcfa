package awsapi

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// StackResource is something that a stack of CloudFormation made.
type StackResource struct {
	Stack     string // name
	StackID   string // ARN
	LogicalID string // in the template
	Type      string // AWS::IAM::AccessKey
	Region    string
}

// StackOf returns which stack of a region made what has a physical ID
// (cloudformation:DescribeStackResources); nil: none there. Empty region: the
// session's.
func (s *Session) StackOf(ctx context.Context, region, physicalID string) (*StackResource, error) {
	if region == "" {
		region = s.config.Region
	}
	form := url.Values{"Action": {"DescribeStackResources"}, "Version": {"2010-05-15"}, "PhysicalResourceId": {physicalID}}
	var answer struct {
		Resources []struct {
			StackName, StackId string
			LogicalID          string `xml:"LogicalResourceId"`
			PhysicalID         string `xml:"PhysicalResourceId"`
			ResourceType       string
		} `xml:"DescribeStackResourcesResult>StackResources>member"`
	}
	err := s.wire(ctx, wireCall{
		service: "CloudFormation", host: "cloudformation", action: "DescribeStackResources", region: region,
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}, body: []byte(form.Encode()),
		read: func(body io.Reader) error {
			if err := xml.NewDecoder(io.LimitReader(body, maxWireDocument)).Decode(&answer); err != nil {
				return &smithyhttp.RequestSendError{Err: err}
			}
			return nil
		},
	})
	if noSuchStack(err) {
		return nil, nil
	}
	if err != nil {
		return nil, s.fail("cloudformation:DescribeStackResources", err)
	}
	for _, r := range answer.Resources {
		if r.PhysicalID == physicalID {
			return &StackResource{Stack: r.StackName, StackID: r.StackId, LogicalID: r.LogicalID, Type: r.ResourceType, Region: region}, nil
		}
	}
	return nil, s.fail("cloudformation:DescribeStackResources", errors.New("answer names a stack, and not what it made"))
}

// noSuchStack: CloudFormation has no code of its own for it.
func noSuchStack(err error) bool {
	var refusal smithy.APIError
	return errors.As(err, &refusal) && refusal.ErrorCode() == "ValidationError" && strings.Contains(refusal.ErrorMessage(), "does not exist")
}
