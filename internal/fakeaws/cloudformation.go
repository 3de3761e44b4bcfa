package fakeaws

import (
	"cmp"
	"maps"
	"time"
)

// StackSpec describes a stack of CloudFormation.
type StackSpec struct {
	Region    string // empty: us-east-1
	Name      string
	Resources []StackResourceSpec
}

// StackResourceSpec describes what a stack made.
type StackResourceSpec struct {
	Type       string // AWS::IAM::AccessKey
	LogicalID  string
	PhysicalID string // of an access key: its ID
}

// cloudformationService is CloudFormation as far as asking which stack made
// something, and StackSets over an organization.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html
func cloudformationService() service {
	s := service{
		name: "cloudformation", source: "cloudformation.amazonaws.com", version: "2010-05-15",
		namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
		actions: map[string]action{
			"DescribeStackResources": {do: describeStackResources, reads: true},
			"ListStacks":             {do: listStacks, reads: true},
		},
	}
	maps.Copy(s.actions, stackSetActions())
	return s
}

type stackSummary struct {
	StackId, StackName string
	CreationTime       time.Time
	StackStatus        string
}

// listStacks gives them all in one page.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
func listStacks(r *request) (any, *apiError) {
	list := []stackSummary{}
	for _, stack := range r.account.spec.Stacks {
		if cmp.Or(stack.Region, standardRegion) == r.region {
			list = append(list, stackSummary{stack.id(r), stack.Name, second(r.account.created), "CREATE_COMPLETE"})
		}
	}
	return struct{ StackSummaries []stackSummary }{list}, nil
}

func (s StackSpec) id(r *request) string {
	return "arn:" + r.account.partition + ":cloudformation:" + r.region + ":" + r.account.id + ":stack/" + s.Name + "/" +
		uuidOf(r.account.id, r.region, s.Name)
}

type stackResource struct {
	StackName, StackId                    string
	LogicalResourceId, PhysicalResourceId string
	ResourceType, ResourceStatus          string
	Timestamp                             time.Time
	DriftInformation                      struct{ StackResourceDriftStatus string }
}

func describeStackResources(r *request) (any, *apiError) {
	name, made := r.value("StackName"), r.value("PhysicalResourceId")
	if (name == "") == (made == "") {
		return nil, errValidation("Exactly one of StackName and PhysicalResourceId must be specified")
	}
	for _, stack := range r.account.spec.Stacks {
		if cmp.Or(stack.Region, standardRegion) == r.region && (stack.Name == name || stack.made(made)) {
			return struct{ StackResources []stackResource }{stack.resources(r, r.value("LogicalResourceId"))}, nil
		}
	}
	if name != "" {
		return nil, errValidation("Stack with id %s does not exist", name)
	}
	return nil, errValidation("Stack for %s does not exist", made)
}

func (s StackSpec) made(id string) bool {
	for _, resource := range s.Resources {
		if id != "" && resource.PhysicalID == id {
			return true
		}
	}
	return false
}

// resources are all that the stack made, or what has the logical ID.
func (s StackSpec) resources(r *request, logical string) []stackResource {
	list := []stackResource{}
	id := s.id(r)
	for _, resource := range s.Resources {
		if logical != "" && resource.LogicalID != logical {
			continue
		}
		made := stackResource{
			StackName: s.Name, StackId: id, LogicalResourceId: resource.LogicalID, PhysicalResourceId: resource.PhysicalID,
			ResourceType: resource.Type, ResourceStatus: "CREATE_COMPLETE", Timestamp: second(r.account.created),
		}
		made.DriftInformation.StackResourceDriftStatus = "NOT_CHECKED"
		list = append(list, made)
	}
	return list
}
