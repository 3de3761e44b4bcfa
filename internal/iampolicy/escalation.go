package iampolicy

// escalation is a way to become an administrator: every step must be allowed.
// The ways are those that AWS and Rhino Security Labs ("AWS IAM privilege
// escalation") document. Ways that need something beside permissions are left
// out on purpose: changing the code of a function or machine that happens to
// run with an administrator's role (lambda:UpdateFunctionCode,
// ssm:SendCommand, glue:UpdateDevEndpoint), since nearly every deployment
// user has them and the policies alone can't tell.
type escalation struct {
	steps   []step
	service string // to which a role is passed: the key iam:PassedToService
	means   string // what can be done with it; "it" is the holder
}

type step struct {
	action string
	on     thing
}

// thing is what a step must be allowed on to count.
type thing int

const (
	anything    thing = iota // a service's own resources: any will do
	itself                   // the holder, a user
	otherUsers               // every other user
	everyGroup               // every group or one of the holder's
	everyRole                // every role
	everyPolicy              // every customer managed policy or one of the holder's
)

// String is how the sentence names the object.
func (o thing) String() string {
	return [...]string{"", " on the user itself", " on every user", " on its groups", " on every role", " on its policies"}[o]
}

// allEscalations are made once: every user of an account is judged by them.
var allEscalations = escalations()

func escalations() []escalation {
	list := []escalation{
		one("iam:CreatePolicyVersion", everyPolicy, "it can rewrite a policy that it holds"),
		one("iam:SetDefaultPolicyVersion", everyPolicy, "it can bring an older version of a policy back"),
		one("iam:AttachUserPolicy", itself, "it can attach AdministratorAccess to itself"),
		one("iam:PutUserPolicy", itself, "it can give itself any right"),
		one("iam:AttachGroupPolicy", everyGroup, "it can attach AdministratorAccess to its group"),
		one("iam:PutGroupPolicy", everyGroup, "it can give its group any right"),
		one("iam:AttachRolePolicy", everyRole, "it can attach AdministratorAccess to a role"),
		one("iam:PutRolePolicy", everyRole, "it can give a role any right"),
		one("iam:AddUserToGroup", everyGroup, "it can join an administrators' group"),
		one("iam:CreateAccessKey", otherUsers, "it can make itself a key of an administrator"),
		one("iam:CreateLoginProfile", otherUsers, "it can set an administrator's console password"),
		one("iam:UpdateLoginProfile", otherUsers, "it can set an administrator's console password"),
		one("iam:UpdateAssumeRolePolicy", everyRole, "it can let itself into any role"),
		one("sts:AssumeRole", everyRole, "it can take any role that trusts the account"),
	}
	return append(list,
		passing("ec2", "run a machine with any role", "ec2:RunInstances"),
		passing("lambda", "run a function with any role", "lambda:CreateFunction", "lambda:InvokeFunction"),
		passing("lambda", "run a function with any role", "lambda:CreateFunction", "lambda:CreateEventSourceMapping"),
		passing("cloudformation", "create a stack with any role", "cloudformation:CreateStack"),
		passing("glue", "open an endpoint with any role", "glue:CreateDevEndpoint"),
		passing("glue", "run a job with any role", "glue:CreateJob", "glue:StartJobRun"),
		passing("ecs-tasks", "run a task with any role", "ecs:RegisterTaskDefinition", "ecs:RunTask"),
		passing("codebuild", "run a build with any role", "codebuild:CreateProject", "codebuild:StartBuild"),
		passing("sagemaker", "open a notebook with any role", "sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"),
		passing("datapipeline", "run a pipeline with any role", "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition", "datapipeline:ActivatePipeline"),
	)
}

func one(action string, on thing, means string) escalation {
	return escalation{steps: []step{{action, on}}, means: means}
}

func passing(service, means string, actions ...string) escalation {
	e := escalation{service: service + ".amazonaws.com", means: "it can " + means}
	e.steps = append(e.steps, step{"iam:PassRole", everyRole})
	for _, a := range actions {
		e.steps = append(e.steps, step{a, anything})
	}
	return e
}
