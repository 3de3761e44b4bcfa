package conformance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// modelRoots are where Debian's python3-botocore keeps the API models.
var modelRoots = []string{"/usr/lib/python3/dist-packages/botocore/data", "/usr/share/python3-botocore/data"}

// model is one service's API model, as botocore writes it (service-2.json).
type model struct {
	Metadata struct {
		Protocol     string `json:"protocol"`
		XMLNamespace string `json:"xmlNamespace"`
		TargetPrefix string `json:"targetPrefix"`
	} `json:"metadata"`
	Operations map[string]operation `json:"operations"`
	Shapes     map[string]shape     `json:"shapes"`
}

type operation struct {
	HTTP struct {
		Method string `json:"method"`
		URI    string `json:"requestUri"`
		Status int    `json:"responseCode"`
	} `json:"http"`
	Output *struct {
		Shape         string `json:"shape"`
		ResultWrapper string `json:"resultWrapper"`
	} `json:"output"`
	Errors []struct {
		Shape string `json:"shape"`
	} `json:"errors"`
}

type shape struct {
	Type     string            `json:"type"`
	Required []string          `json:"required"`
	Members  map[string]member `json:"members"`
	Member   *member           `json:"member"`
	Key      *member           `json:"key"`
	Value    *member           `json:"value"`
	Enum     []string          `json:"enum"`
	Pattern  string            `json:"pattern"`
	Min      *float64          `json:"min"`
	Max      *float64          `json:"max"`
	Flat     bool              `json:"flattened"`
	Payload  string            `json:"payload"`
	Error    *struct {
		Code           string `json:"code"`
		HTTPStatusCode int    `json:"httpStatusCode"`
		SenderFault    bool   `json:"senderFault"`
	} `json:"error"`
	Exception bool `json:"exception"`
}

type member struct {
	Shape        string `json:"shape"`
	LocationName string `json:"locationName"`
	Location     string `json:"location"`
}

// newer are members and enum values which AWS answers and Debian's models
// (botocore 1.29) don't have, because they are newer or the model is wrong, each
// with its source.
var newer = map[string]string{
	"iam.PermissionsBoundaryAttachmentType=Policy":                 "API_AttachedPermissionsBoundary (IAM): \"This data type can only have a value of Policy\"",
	"iam.summaryKeyType=AccountPasswordPresent":                    "user guide, GetAccountSummary's example answer; recorded by moto",
	"iam.summaryKeyType=AssumeRolePolicySizeQuota":                 "as AccountPasswordPresent",
	"iam.summaryKeyType=InstanceProfiles":                          "as AccountPasswordPresent",
	"iam.summaryKeyType=InstanceProfilesQuota":                     "as AccountPasswordPresent",
	"iam.summaryKeyType=Providers":                                 "as AccountPasswordPresent",
	"iam.summaryKeyType=RolePolicySizeQuota":                       "as AccountPasswordPresent",
	"iam.summaryKeyType=Roles":                                     "as AccountPasswordPresent",
	"iam.summaryKeyType=RolesQuota":                                "as AccountPasswordPresent",
	"kms.GetKeyPolicyResponse.PolicyName":                          "API_GetKeyPolicy (KMS), since 2023-12",
	"lambda.Runtime=provided.al2023":                               "API_CreateFunction (Lambda), since 2023-11",
	"lambda.FunctionConfiguration.LoggingConfig":                   "API_FunctionConfiguration (Lambda), since 2023-11",
	"secretsmanager.DescribeSecretResponse.NextRotationDate":       "API_DescribeSecret (Secrets Manager): NextRotationDate, since 2023",
	"secretsmanager.SecretListEntry.NextRotationDate":              "as DescribeSecretResponse.NextRotationDate",
	"ssm.ParameterMetadata.ARN":                                    "API_ParameterMetadata (Systems Manager), since 2024-04",
	"organizations.Account.State":                                  "API_Account (Organizations): State, since 2025-09",
	"organizations.Account.Paths":                                  "API_Account (Organizations): Paths",
	"organizations.OrganizationalUnit.Path":                        "aws-sdk-go-v2/service/organizations v1.62.6: types.OrganizationalUnit",
	"iam.statusType=Expired":                                       "aws-sdk-go-v2/service/iam v1.64.8: types.StatusTypeExpired",
	"iam.ServiceSpecificCredential.ExpirationDate":                 "API_ServiceSpecificCredential (IAM), since 2025-07",
	"iam.ServiceSpecificCredentialMetadata.ExpirationDate":         "API_ServiceSpecificCredentialMetadata (IAM), since 2025-07",
	"iam.ServiceSpecificCredentialMetadata.ServiceCredentialAlias": "API_ServiceSpecificCredentialMetadata (IAM), since 2025-07",
	"iam.ListServiceSpecificCredentialsResponse.Marker":            "API_ListServiceSpecificCredentials (IAM), since 2025-07",
	"iam.ListServiceSpecificCredentialsResponse.IsTruncated":       "API_ListServiceSpecificCredentials (IAM), since 2025-07",
}

// absent are members which the model requires and AWS leaves out.
var absent = map[string]string{
	"lambda.GetFunctionCodeSigningConfigResponse.CodeSigningConfigArn": "terraform-provider-aws, resourceFunctionRead: of a function without one it is nil",
	"iam.AccessKeyLastUsed.LastUsedDate":                               "API_AccessKeyLastUsed (IAM): null where the key was never used",
}

// commonErrors may come from any operation:
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
var commonErrors = map[string]int{
	"AccessDenied": 403, "AccessDeniedException": 400, "ExpiredToken": 403, "ExpiredTokenException": 400,
	"IncompleteSignature": 400, "InternalFailure": 500, "InvalidAction": 400, "InvalidClientTokenId": 403,
	"MissingAuthenticationToken": 403, "RequestExpired": 400, "SignatureDoesNotMatch": 403,
	"InvalidSignatureException": 400, "UnrecognizedClientException": 400, "MissingAuthenticationTokenException": 400,
	"ServiceUnavailable": 503, "Throttling": 400, "ThrottlingException": 400, "ValidationError": 400,
	"InsufficientCapabilitiesException": 400, // API_CreateStackSet (CloudFormation): what its Capabilities says, its Errors don't
	"UnknownOperationException":         400, "ValidationException": 400, "MalformedInput": 400, "InvalidInput": 400,
}

// loadModels reads the newest model of each service, or skips the test.
func loadModels(t *testing.T, services ...string) map[string]*model {
	t.Helper()
	out := map[string]*model{}
	for _, service := range services {
		path := newestModel(service)
		if path == "" {
			t.Skipf("skipped: no API model of %s: install Debian's python3-botocore", service)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m := new(model)
		if err := json.Unmarshal(data, m); err != nil {
			t.Fatalf("read %s: %v", path, err)
		}
		out[service] = m
	}
	return out
}

func newestModel(service string) string {
	for _, root := range modelRoots {
		found, _ := filepath.Glob(filepath.Join(root, service, "*", "service-2.json"))
		if len(found) > 0 {
			slices.Sort(found)
			return found[len(found)-1]
		}
	}
	return ""
}

// problems collects what a response does wrong.
type problems struct {
	service string
	found   []string
}

func (p *problems) add(path, format string, args ...any) {
	p.found = append(p.found, path+": "+fmt.Sprintf(format, args...))
}

func (p *problems) known(what string) bool {
	_, ok := newer[p.service+"."+what]
	return ok
}

func (p *problems) mayBeAbsent(what string) bool {
	_, ok := absent[p.service+"."+what]
	return ok
}
