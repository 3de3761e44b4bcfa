package fakeaws

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"time"
)

// functionSettings are the members of a function that callers set.
type functionSettings struct {
	Description       string
	Handler           string          `json:",omitempty"`
	Role              string          `json:",omitempty"`
	Runtime           string          `json:",omitempty"`
	Timeout           int             // seconds
	MemorySize        int             // MB
	Environment       *variables      `json:",omitempty"`
	KMSKeyArn         string          `json:",omitempty"`
	EphemeralStorage  json.RawMessage `json:",omitempty"`
	TracingConfig     json.RawMessage `json:",omitempty"`
	LoggingConfig     json.RawMessage `json:",omitempty"`
	SnapStart         json.RawMessage `json:",omitempty"`
	VpcConfig         json.RawMessage `json:",omitempty"`
	DeadLetterConfig  json.RawMessage `json:",omitempty"`
	FileSystemConfigs json.RawMessage `json:",omitempty"`
}

type variables struct{ Variables map[string]string }

// uploaded is a function's deployment package.
type uploaded struct {
	ZipFile       []byte
	S3Bucket      string
	S3Key         string
	ImageURI      string `json:"ImageUri"`
	Architectures []string
}

type createFunctionInput struct {
	FunctionName string
	functionSettings
	Code          uploaded
	Architectures []string
	Tags          map[string]string
}

var functionName = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)

// mayCreateFunction asks for the function and for passing it the role.
func mayCreateFunction(r *request) *apiError {
	in, err := decode[createFunctionInput](r)
	if err != nil {
		return err
	}
	on := target{arn: r.account.in(r.region).arn("lambda", "function:"+in.FunctionName), context: withTags("lambda", nil, in.Tags)}
	if err := r.permit("lambda:CreateFunction", on, r.account, "", false); err != nil {
		return err
	}
	return r.mayPass(in.Role, "lambda.amazonaws.com")
}

// mayPass asks whether the caller may hand a role to a service.
func (r *request) mayPass(role, service string) *apiError {
	on := target{arn: role, context: map[string][]string{"iam:PassedToService": {service}}}
	return r.permit("iam:PassRole", on, r.account, "", false)
}

func createFunction(r *request) (any, *apiError) {
	in, err := decode[createFunctionInput](r)
	if err != nil {
		return nil, err
	}
	home := r.account.in(r.region)
	switch {
	case !functionName.MatchString(in.FunctionName):
		return nil, lambdaError(400, "ValidationException", "1 validation error detected: Value '"+in.FunctionName+"' at 'functionName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern")
	case home.functions[in.FunctionName] != nil:
		return nil, lambdaError(409, "ResourceConflictException", "Function already exist: "+in.FunctionName)
	}
	if err := r.checkSettings(in.FunctionName, in.functionSettings); err != nil {
		return nil, err
	}
	f := &function{home: home, tags: copied(in.Tags), settings: in.functionSettings}
	f.spec.Name, f.spec.Region = in.FunctionName, r.region
	f.spec.Architecture = "x86_64"
	if len(in.Architectures) > 0 {
		f.spec.Architecture = in.Architectures[0]
	}
	f.settle(r.now)
	f.store(in.Code)
	home.functions[in.FunctionName] = f
	return restAnswer{status: http.StatusCreated, body: f.shape()}, nil
}

// checkSettings wants a role that Lambda can assume, and numbers within bounds.
func (r *request) checkSettings(name string, s functionSettings) *apiError {
	bad := func(message string) *apiError { return lambdaError(400, "InvalidParameterValueException", message) }
	acct, role := r.roleByARN(s.Role)
	switch {
	case role == nil || !r.aws.serviceMay("lambda.amazonaws.com", "sts:AssumeRole", s.Role, role.trust, acct, lambdaSays(r.account.in(r.region).arn("lambda", "function:"+name))):
		return bad("The role defined for the function cannot be assumed by Lambda.")
	case s.Timeout < 0 || s.Timeout > 900:
		return bad("Timeout must be between 1 and 900 seconds.")
	case s.MemorySize != 0 && (s.MemorySize < 128 || s.MemorySize > 10240):
		return bad("'MemorySize' value failed to satisfy constraint: Member must have value between 128 and 10240")
	}
	if s.Environment != nil {
		for name := range s.Environment.Variables {
			if reservedVariables[name] {
				return bad("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys " +
					"that are currently not supported for modification. Reserved keys used in this request: " + name)
			}
		}
	}
	return nil
}

// reservedVariables are Lambda's own to set.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
var reservedVariables = map[string]bool{
	"_HANDLER": true, "_X_AMZN_TRACE_ID": true, "AWS_DEFAULT_REGION": true, "AWS_REGION": true, "AWS_EXECUTION_ENV": true,
	"AWS_LAMBDA_FUNCTION_NAME": true, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": true, "AWS_LAMBDA_FUNCTION_VERSION": true,
	"AWS_LAMBDA_INITIALIZATION_TYPE": true, "AWS_LAMBDA_LOG_GROUP_NAME": true, "AWS_LAMBDA_LOG_STREAM_NAME": true,
	"AWS_ACCESS_KEY": true, "AWS_ACCESS_KEY_ID": true, "AWS_SECRET_ACCESS_KEY": true, "AWS_SESSION_TOKEN": true,
	"AWS_LAMBDA_RUNTIME_API": true, "LAMBDA_TASK_ROOT": true, "LAMBDA_RUNTIME_DIR": true,
}

// settle takes the settings over into what the simulation runs by, with AWS's
// defaults.
func (f *function) settle(now time.Time) {
	s := &f.settings
	s.Timeout, s.MemorySize = cmp.Or(s.Timeout, 3), cmp.Or(s.MemorySize, 128)
	f.spec.Role, f.spec.Runtime, f.spec.Timeout = s.Role, s.Runtime, time.Duration(s.Timeout)*time.Second
	f.spec.Environment = nil
	if s.Environment != nil {
		f.spec.Environment = copied(s.Environment.Variables)
	}
	f.changed = now
}

func (f *function) store(code uploaded) {
	sum := sha256.Sum256(append(code.ZipFile, code.S3Bucket+code.S3Key...))
	f.sha, f.size = base64.StdEncoding.EncodeToString(sum[:]), len(code.ZipFile)
}

type functionShape struct {
	FunctionName, FunctionArn string
	functionSettings
	CodeSize                             int
	CodeSha256                           string
	Architectures                        []string
	LastModified, Version                string
	RevisionID                           string `json:"RevisionId"`
	State, LastUpdateStatus, PackageType string
}

func (f *function) shape() functionShape {
	out := functionShape{
		FunctionName: f.spec.Name, FunctionArn: f.arn(), functionSettings: f.settings, CodeSize: f.size, CodeSha256: f.sha,
		Architectures: []string{f.spec.Architecture}, LastModified: f.changed.Format("2006-01-02T15:04:05.000-0700"), Version: "$LATEST",
		State: "Active", LastUpdateStatus: "Successful", PackageType: "Zip",
	}
	out.RevisionID = uuidOf(f.arn(), f.changed.String(), f.sha)
	for member, standard := range map[*json.RawMessage]string{
		&out.EphemeralStorage: `{"Size":512}`, &out.TracingConfig: `{"Mode":"PassThrough"}`, &out.SnapStart: `{"ApplyOn":"None","OptimizationStatus":"Off"}`,
		&out.LoggingConfig: `{"LogFormat":"Text","LogGroup":"/aws/lambda/` + f.spec.Name + `"}`,
	} {
		if len(*member) == 0 {
			*member = json.RawMessage(standard)
		}
	}
	return out
}

func getFunctionConfiguration(_ *request, f *function) (any, *apiError) { return f.shape(), nil }

type concurrency struct{ ReservedConcurrentExecutions int }

func getFunction(_ *request, f *function) (any, *apiError) {
	type location struct{ RepositoryType, Location string }
	out := struct {
		Configuration functionShape
		Code          location
		Tags          map[string]string `json:",omitempty"`
		Concurrency   *concurrency      `json:",omitempty"`
	}{f.shape(), location{"S3", "https://awslambda-" + f.home.region + "-tasks.s3." + f.home.region + ".amazonaws.com/snapshots/" + f.home.account.id + "/" + f.spec.Name}, maps.Clone(f.tags), nil}
	if f.reserved != nil {
		out.Concurrency = &concurrency{*f.reserved}
	}
	return out, nil
}

func listFunctions(r *request) (any, *apiError) {
	home := r.account.in(r.region)
	list := []functionShape{}
	for _, name := range slices.Sorted(maps.Keys(home.functions)) {
		list = append(list, home.functions[name].shape())
	}
	page, next, ok := pageOf(r, list, r.query("Marker"), 50, func(f functionShape) string { return f.FunctionName })
	if !ok {
		return nil, lambdaError(400, "InvalidParameterValueException", "Invalid Marker")
	}
	return struct {
		NextMarker string `json:",omitempty"`
		Functions  []functionShape
	}{next, page}, nil
}

func listFunctionVersions(_ *request, f *function) (any, *apiError) {
	shape := f.shape()
	shape.FunctionArn += ":$LATEST"
	return struct{ Versions []functionShape }{[]functionShape{shape}}, nil
}

func deleteFunction(_ *request, f *function) (any, *apiError) {
	delete(f.home.functions, f.spec.Name)
	return noContent()
}

// updateFunctionConfiguration changes what it is given.
func updateFunctionConfiguration(r *request, f *function) (any, *apiError) {
	settings := f.settings
	if _, given := r.members()["Environment"]; given {
		settings.Environment = nil // it replaces, and merges with nothing
	}
	if len(r.body) > 0 && json.Unmarshal(r.body, &settings) != nil {
		return nil, lambdaError(400, "InvalidRequestContentException", "Could not parse request body into json")
	}
	if err := r.checkSettings(f.spec.Name, settings); err != nil {
		return nil, err
	}
	if settings.Role != f.settings.Role {
		if err := r.mayPass(settings.Role, "lambda.amazonaws.com"); err != nil {
			return nil, err
		}
	}
	f.settings = settings
	f.settle(r.now)
	return f.shape(), nil
}

func updateFunctionCode(r *request, f *function) (any, *apiError) {
	in, err := decode[uploaded](r)
	if err != nil {
		return nil, err
	}
	if len(in.Architectures) > 0 {
		f.spec.Architecture = in.Architectures[0]
	}
	f.store(in)
	f.changed = r.now
	return f.shape(), nil
}
