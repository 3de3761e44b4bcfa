package fakeaws

import (
	"net/http"
	"net/url"
	"time"
)

// allServices is the whole simulated AWS. A service is one file (or a few of
// its own name) and one line here.
func allServices() []service {
	return []service{
		iamService(),
		stsService(),
		organizationsService(),
		cloudtrailService(),
		configService(),
		secretsmanagerService(),
		ssmService(),
		kmsService(),
		snsService(),
		cloudwatchService(),
		eventbridgeService(),
		lambdaService(),
		schedulerService(),
		logsService(),
		securityhubService(),
		s3Service(),
		cloudformationService(),
		identitystoreService(),
		ssoService(),
		accountService(),
		ec2Service(),
		athenaService(),
		ecsService(),
		codebuildService(),
	}
}

// protocol is the wire protocol of a service.
type protocol int

const (
	queryXML protocol = iota // form in, XML out: IAM, STS
	json11                   // application/x-amz-json-1.1 both ways: Organizations, CloudTrail, Config
	restJSON                 // method and path name the action, JSON both ways: Security Hub
	restXML                  // method and path name the action, bytes both ways: S3
)

// service is a table of actions and how requests for it look.
type service struct {
	name      string // signing name and the first half of "iam:ListUsers"
	source    string // CloudTrail's eventSource
	protocol  protocol
	version   string                     // queryXML: Version parameter, 2010-05-08
	namespace string                     // queryXML: xmlns of every answer
	target    string                     // json11: what X-Amz-Target says before ".Action"
	routes    func(*http.Request) string // restJSON, restXML: the action; empty: none
	paths     []route                    // restJSON: instead of routes, where addresses carry parameters
	global    bool                       // has one endpoint in a partition, in its home region
	// shared marks a service whose resources are the management account's by their
	// ARN, and others' to ask about by their own policies alone: Organizations.
	shared  bool
	actions map[string]action
	// constraints of the parameters of a Query service, by name: in IAM and STS
	// a parameter means the same in every action.
	constraints map[string]constraint
	// leftOut and hides name members of a JSON call that CloudTrail doesn't
	// show, as it writes them: left out, or written as hidden.
	leftOut, hides []string
}

// action is one API call.
type action struct {
	// do carries the call out. It runs under the lock, and only for callers
	// that are authenticated and authorized. Its answer is a struct (encoded by
	// writeXML or encoding/json after the lock is released: it must not share
	// memory that a later call changes), or nil for an answer without content.
	do func(*request) (any, *apiError)
	// on names what permission is asked for; nil: everything ("*").
	on func(*request) target
	// asks replaces authorization by the caller's policies alone.
	asks func(*request) *apiError
	// permission replaces "service:Action" in authorization where AWS asks for
	// another one.
	permission string
	// tagging is the permission that is asked for besides where the call brings
	// tags.
	tagging string
	// needs names the required parameters of a Query call.
	needs []string
	// rate is a limit of calls a second, per account and region, that AWS
	// documents for this action and that holds whatever Config.Throttle says.
	rate float64
	// open marks calls that need no permission (sts:GetCallerIdentity) or that
	// authorize themselves (sts:AssumeRole).
	open bool
	// told is the name by which CloudTrail tells of the call where it has another.
	told string
	// data marks calls on data rather than on what holds it: CloudTrail's event
	// history has none of them.
	data bool
	// reads marks calls that change nothing: CloudTrail's readOnly.
	reads bool
}

// target is the resource of a call as authorization sees it.
type target struct {
	arn     string
	spoken  string            // as AccessDenied says it; empty: the ARN
	tags    map[string]string // aws:ResourceTag and iam:ResourceTag
	context map[string][]string
}

// request is one call on its way through the pipeline.
type request struct {
	aws     *AWS
	service *service
	action  string
	id      string    // x-amzn-RequestId
	now     time.Time // AWS's time at which the call takes effect, UTC
	region  string    // from the credential scope

	account *account  // the caller's
	caller  principal // who signed

	http *http.Request
	uri  map[string]string // restJSON: the parameters in the address's path
	form url.Values        // queryXML: the parameters
	path string            // restXML: decoded
	body []byte            // json11, restJSON: the document

	userAgent string
	sourceIP  string
	params    map[string]any // as CloudTrail tells them
	witness   *account       // another account that CloudTrail tells of the call
}

// region is where a call that was signed for a region is served.
func (s *service) region(scope, partition string) string {
	if s.global {
		return homeRegion(partition)
	}
	return scope
}

// value is a parameter of a Query call; empty where it is absent.
func (r *request) value(name string) string { return r.form.Get(name) }

// apiError is a refusal in AWS's words.
type apiError struct {
	Status  int // HTTP
	Code    string
	Message string
	// Receiver says that the fault is AWS's (<Type>Receiver</Type>); else it is
	// the caller's.
	Receiver bool
	// Region is where S3 sends the caller of another region.
	Region string
	// Kind is the member ResourceType of what wasn't found.
	Kind string
	// Reason is the member of that name in the errors of Organizations.
	Reason string
}
