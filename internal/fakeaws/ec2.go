package fakeaws

import "cmp"

// AddressSpec describes an Elastic IP.
type AddressSpec struct {
	Region       string // empty: us-east-1
	PublicIP     string
	AllocationID string
	InstanceID   string // empty: of no instance
}

// NATGatewaySpec describes a NAT gateway.
type NATGatewaySpec struct {
	Region   string // empty: us-east-1
	ID       string
	PublicIP string
}

// VPCEndpointSpec describes a VPC endpoint.
type VPCEndpointSpec struct {
	Region string // empty: us-east-1
	ID     string
	VPC    string
}

// ec2Service is EC2 as far as asking which addresses are the account's own, and
// what instances and launch templates have as user data.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html
func ec2Service() service {
	actions := ec2Instances()
	actions["DescribeAddresses"] = action{do: describeAddresses, reads: true}
	actions["DescribeNatGateways"] = action{do: describeNatGateways, reads: true}
	actions["DescribeVpcEndpoints"] = action{do: describeVpcEndpoints, reads: true}
	return service{
		name: "ec2", source: "ec2.amazonaws.com", version: "2016-11-15", namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
		actions: actions,
	}
}

// ec2Items writes an answer of EC2's own kind of XML: a set of items.
func ec2Items[T any](r *request, set string, all []T, region func(T) string, write func(*xmlWriter, T)) object {
	var x xmlWriter
	x.open(r.action+"Response", r.service.namespace)
	x.element("requestId", r.id)
	x.begin(set)
	for _, one := range all {
		if cmp.Or(region(one), standardRegion) == r.region {
			x.begin("item")
			write(&x, one)
			x.close("item")
		}
	}
	x.close(set)
	x.close(r.action + "Response")
	return object(x.Bytes())
}

func describeAddresses(r *request) (any, *apiError) {
	return ec2Items(r, "addressesSet", r.account.spec.Addresses, func(a AddressSpec) string { return a.Region }, func(x *xmlWriter, a AddressSpec) {
		x.element("publicIp", a.PublicIP)
		x.element("allocationId", a.AllocationID)
		x.element("domain", "vpc")
		if a.InstanceID != "" {
			x.element("instanceId", a.InstanceID)
		}
	}), nil
}

func describeNatGateways(r *request) (any, *apiError) {
	return ec2Items(r, "natGatewaySet", r.account.spec.NATGateways, func(g NATGatewaySpec) string { return g.Region }, func(x *xmlWriter, g NATGatewaySpec) {
		x.element("natGatewayId", g.ID)
		x.element("state", "available")
		x.begin("natGatewayAddressSet")
		x.begin("item")
		x.element("publicIp", g.PublicIP)
		x.close("item")
		x.close("natGatewayAddressSet")
	}), nil
}

func describeVpcEndpoints(r *request) (any, *apiError) {
	return ec2Items(r, "vpcEndpointSet", r.account.spec.VPCEndpoints, func(e VPCEndpointSpec) string { return e.Region }, func(x *xmlWriter, e VPCEndpointSpec) {
		x.element("vpcEndpointId", e.ID)
		x.element("vpcId", e.VPC)
		x.element("state", "available")
	}), nil
}

// ec2Failure is a refusal as EC2 writes it, under names of its own.
func ec2Failure(e *apiError, id string) answer {
	code := e.Code
	switch code {
	case "AccessDenied":
		code = "UnauthorizedOperation"
	case "InvalidClientTokenId", "SignatureDoesNotMatch":
		code = "AuthFailure"
	case "Throttling":
		code = "RequestLimitExceeded"
	}
	var x xmlWriter
	x.begin("Response")
	x.text("<Errors><Error>")
	x.element("Code", code)
	x.element("Message", e.Message)
	x.text("</Error></Errors>")
	x.element("RequestID", id)
	x.close("Response")
	return answer{status: e.Status, header: contentType("text/xml"), body: x.Bytes()}
}
