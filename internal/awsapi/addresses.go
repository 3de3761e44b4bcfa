package awsapi

import (
	"context"
	"errors"
	"net/url"
)

// OwnAddresses returns the account's own addresses in a region, each with what it
// is: Elastic IPs, NAT gateways (which say more than their Elastic IPs), VPC
// endpoints by their ID. What may not be read is an error, beside what could be.
func (s *Session) OwnAddresses(ctx context.Context, region string) (map[string]string, error) {
	own := map[string]string{}
	return own, errors.Join(s.elasticIPs(ctx, region, own), s.natGateways(ctx, region, own), s.vpcEndpoints(ctx, region, own))
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAddresses.html
func (s *Session) elasticIPs(ctx context.Context, region string, own map[string]string) error {
	var answer struct {
		Items []struct {
			PublicIP     string `xml:"publicIp"`
			AllocationID string `xml:"allocationId"`
			InstanceID   string `xml:"instanceId"`
		} `xml:"addressesSet>item"`
	}
	err := s.ec2(ctx, region, "DescribeAddresses", "", &answer)
	for _, a := range answer.Items {
		own[a.PublicIP] = "Elastic IP " + a.AllocationID
		if a.InstanceID != "" {
			own[a.PublicIP] = "instance " + a.InstanceID
		}
	}
	return err
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNatGateways.html
func (s *Session) natGateways(ctx context.Context, region string, own map[string]string) error {
	for token := ""; ; {
		var answer struct {
			Items []struct {
				ID        string   `xml:"natGatewayId"`
				Addresses []string `xml:"natGatewayAddressSet>item>publicIp"`
			} `xml:"natGatewaySet>item"`
			Next string `xml:"nextToken"`
		}
		err := s.ec2(ctx, region, "DescribeNatGateways", token, &answer)
		for _, gateway := range answer.Items {
			for _, address := range gateway.Addresses {
				own[address] = "NAT gateway " + gateway.ID
			}
		}
		if err != nil || answer.Next == "" {
			return err
		}
		token = answer.Next
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html
func (s *Session) vpcEndpoints(ctx context.Context, region string, own map[string]string) error {
	for token := ""; ; {
		var answer struct {
			Items []struct {
				ID  string `xml:"vpcEndpointId"`
				VPC string `xml:"vpcId"`
			} `xml:"vpcEndpointSet>item"`
			Next string `xml:"nextToken"`
		}
		err := s.ec2(ctx, region, "DescribeVpcEndpoints", token, &answer)
		for _, endpoint := range answer.Items {
			own[endpoint.ID] = "VPC endpoint " + endpoint.ID + " of " + endpoint.VPC
		}
		if err != nil || answer.Next == "" {
			return err
		}
		token = answer.Next
	}
}

// ec2 asks for one page; empty token: the first.
func (s *Session) ec2(ctx context.Context, region, action, token string, into any) error {
	form := url.Values{}
	if token != "" {
		form.Set("NextToken", token)
	}
	return s.ec2With(ctx, region, action, form, into)
}

// ec2With is ec2 with parameters.
func (s *Session) ec2With(ctx context.Context, region, action string, form url.Values, into any) error {
	return s.fail("ec2:"+action, s.wireForm(ctx, wireCall{service: "EC2", host: "ec2", action: action, region: region}, "2016-11-15", form, into))
}
