package fakeaws

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// lambdaService is Lambda: functions, their policies, concurrency and tags, and
// invoking them. It has no published versions, aliases, layers or event sources.
// What a function does is SetFunctionCode's: uploaded code is kept, not run.
// https://docs.aws.amazon.com/lambda/latest/api/
func lambdaService() service {
	const at = "/2015-03-31/functions/{FunctionName}"
	return service{
		name: "lambda", source: "lambda.amazonaws.com", protocol: restJSON,
		leftOut: []string{"environment", "code", "zipFile"},
		paths: []route{
			{http.MethodPost, "/2015-03-31/functions", "CreateFunction"},
			{http.MethodGet, "/2015-03-31/functions", "ListFunctions"},
			{http.MethodGet, at, "GetFunction"},
			{http.MethodDelete, at, "DeleteFunction"},
			{http.MethodGet, at + "/configuration", "GetFunctionConfiguration"},
			{http.MethodPut, at + "/configuration", "UpdateFunctionConfiguration"},
			{http.MethodPut, at + "/code", "UpdateFunctionCode"},
			{http.MethodGet, at + "/versions", "ListVersionsByFunction"},
			{http.MethodPost, at + "/policy", "AddPermission"},
			{http.MethodGet, at + "/policy", "GetPolicy"},
			{http.MethodDelete, at + "/policy/{StatementId}", "RemovePermission"},
			{http.MethodPost, at + "/invocations", "Invoke"},
			{http.MethodPut, "/2017-10-31/functions/{FunctionName}/concurrency", "PutFunctionConcurrency"},
			{http.MethodDelete, "/2017-10-31/functions/{FunctionName}/concurrency", "DeleteFunctionConcurrency"},
			{http.MethodGet, "/2019-09-30/functions/{FunctionName}/concurrency", "GetFunctionConcurrency"},
			{http.MethodPut, "/2019-09-25/functions/{FunctionName}/event-invoke-config", "PutFunctionEventInvokeConfig"},
			{http.MethodPost, "/2019-09-25/functions/{FunctionName}/event-invoke-config", "UpdateFunctionEventInvokeConfig"},
			{http.MethodGet, "/2019-09-25/functions/{FunctionName}/event-invoke-config", "GetFunctionEventInvokeConfig"},
			{http.MethodDelete, "/2019-09-25/functions/{FunctionName}/event-invoke-config", "DeleteFunctionEventInvokeConfig"},
			{http.MethodGet, "/2020-06-30/functions/{FunctionName}/code-signing-config", "GetFunctionCodeSigningConfig"},
			{http.MethodGet, "/2021-07-20/functions/{FunctionName}/runtime-management-config", "GetRuntimeManagementConfig"},
			{http.MethodPost, "/2017-03-31/tags/{ARN}", "TagResource"},
			{http.MethodDelete, "/2017-03-31/tags/{ARN}", "UntagResource"},
			{http.MethodGet, "/2017-03-31/tags/{ARN}", "ListTags"},
		},
		actions: map[string]action{
			"CreateFunction":                  {do: createFunction, asks: mayCreateFunction, told: "CreateFunction20150331"},
			"ListFunctions":                   {do: listFunctions, reads: true, told: "ListFunctions20150331"},
			"GetFunction":                     onFunction("GetFunction", "20150331v2", true, getFunction),
			"DeleteFunction":                  onFunction("DeleteFunction", "20150331", false, deleteFunction),
			"GetFunctionConfiguration":        onFunction("GetFunctionConfiguration", "20150331v2", true, getFunctionConfiguration),
			"UpdateFunctionConfiguration":     onFunction("UpdateFunctionConfiguration", "20150331v2", false, updateFunctionConfiguration),
			"UpdateFunctionCode":              onFunction("UpdateFunctionCode", "20150331v2", false, updateFunctionCode),
			"ListVersionsByFunction":          onFunction("ListVersionsByFunction", "20150331", true, listFunctionVersions),
			"AddPermission":                   onFunction("AddPermission", "20150331v2", false, addPermission),
			"GetPolicy":                       onFunction("GetPolicy", "20150331v2", true, getFunctionPolicy),
			"RemovePermission":                onFunction("RemovePermission", "20150331v2", false, removePermission),
			"Invoke":                          invoking(onFunction("InvokeFunction", "", false, invokeFunction)),
			"PutFunctionConcurrency":          onFunction("PutFunctionConcurrency", "20171031", false, putConcurrency),
			"DeleteFunctionConcurrency":       onFunction("DeleteFunctionConcurrency", "20171031", false, deleteConcurrency),
			"GetFunctionConcurrency":          onFunction("GetFunctionConcurrency", "", true, getConcurrency),
			"PutFunctionEventInvokeConfig":    onFunction("PutFunctionEventInvokeConfig", "20190925", false, putEventInvokeConfig),
			"UpdateFunctionEventInvokeConfig": onFunction("UpdateFunctionEventInvokeConfig", "20190925", false, putEventInvokeConfig),
			"GetFunctionEventInvokeConfig":    onFunction("GetFunctionEventInvokeConfig", "20190925", true, getEventInvokeConfig),
			"DeleteFunctionEventInvokeConfig": onFunction("DeleteFunctionEventInvokeConfig", "20190925", false, deleteEventInvokeConfig),
			"GetFunctionCodeSigningConfig":    onFunction("GetFunctionCodeSigningConfig", "", true, getCodeSigningConfig),
			"GetRuntimeManagementConfig":      onFunction("GetRuntimeManagementConfig", "", true, getRuntimeManagement),
			"TagResource":                     onFunction("TagResource", "20170331v2", false, tagFunction),
			"UntagResource":                   onFunction("UntagResource", "20170331v2", false, untagFunction),
			"ListTags":                        onFunction("ListTags", "20170331", true, listFunctionTags),
		},
	}
}

// invoking marks a call as one on data: CloudTrail's event history has none.
func invoking(act action) action {
	act.data = true
	return act
}

// functionAsked finds the function that the address names: by name, partial ARN
// or ARN, of which version or alias are left out.
func (r *request) functionAsked() (f *function, arn string) {
	name := r.uri["FunctionName"]
	if name == "" {
		name = r.uri["ARN"]
	}
	home := r.account.in(r.region)
	if !strings.Contains(name, ":function:") {
		name, _, _ = strings.Cut(name, ":")
		return home.functions[name], home.arn("lambda", "function:"+name)
	}
	if !strings.HasPrefix(name, "arn:") {
		name = "arn:" + r.account.partition + ":lambda:" + r.region + ":" + name
	}
	return r.aws.functionByARN(name), name
}

func lambdaError(status int, code, message string) *apiError {
	return &apiError{Status: status, Code: code, Message: message}
}

// onFunction is a call about one function.
func onFunction(permission, suffix string, reads bool, do func(*request, *function) (any, *apiError)) action {
	act := action{
		reads: reads,
		asks: func(r *request) *apiError {
			f, arn := r.functionAsked()
			owner, policy := r.account, ""
			if f != nil {
				owner, policy = f.home.account, f.policy()
			}
			return r.permit("lambda:"+permission, target{arn: arn}, owner, policy, false)
		},
		do: func(r *request) (any, *apiError) {
			f, arn := r.functionAsked()
			if f == nil {
				return nil, lambdaError(http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+arn)
			}
			return do(r, f)
		},
	}
	if suffix != "" {
		act.told = permission + suffix
	}
	return act
}

// invokeFunction runs the function, or has it run: after the answer, and again
// where it fails (InvocationType Event).
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func invokeFunction(r *request, f *function) (any, *apiError) {
	payload := r.body
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if !json.Valid(payload) {
		return nil, lambdaError(http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json")
	}
	switch kind := r.http.Header.Get("X-Amz-Invocation-Type"); kind {
	case "DryRun":
		return noContent()
	case "Event":
		r.aws.invokeLater(f, payload, r.now)
		return restAnswer{status: http.StatusAccepted}, nil
	case "", "RequestResponse":
	default:
		return nil, lambdaError(http.StatusBadRequest, "InvalidParameterValueException", "Invocation type "+kind+" is not known")
	}
	return unlocked(func(ctx context.Context) (any, *apiError) {
		ran, err := r.aws.invoke(ctx, f, payload)
		if err != nil {
			return nil, err
		}
		header := map[string]string{"X-Amz-Executed-Version": "$LATEST"}
		if ran.failure != "" {
			header["X-Amz-Function-Error"] = ran.failure
		}
		return restAnswer{status: http.StatusOK, header: header, raw: ran.reply}, nil
	}), nil
}

// invokeLater queues an event. One that fails is tried again after a minute and
// after two more; one that is throttled for as long as an event may wait.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
func (a *AWS) invokeLater(f *function, payload []byte, now time.Time) {
	retries, oldest := 2, now.Add(6*time.Hour)
	if c := f.async; c != nil {
		if c.MaximumRetryAttempts != nil {
			retries = *c.MaximumRetryAttempts
		}
		if c.MaximumEventAgeInSeconds != nil {
			oldest = now.Add(time.Duration(*c.MaximumEventAgeInSeconds) * time.Second)
		}
	}
	var try func(failed int, pause time.Duration) func(context.Context)
	try = func(failed int, pause time.Duration) func(context.Context) {
		return func(ctx context.Context) {
			ran, err := a.invoke(ctx, f, slices.Clone(payload))
			a.mu.Lock()
			defer a.mu.Unlock()
			switch now := a.clock.now(); {
			case err == nil && ran.failure == "":
			case err != nil && now.Add(pause).Before(oldest):
				a.due(now.Add(pause), try(failed, min(2*pause, 5*time.Minute)))
			case err == nil && failed < retries && now.Add(time.Duration(failed+1)*time.Minute).Before(oldest):
				a.due(now.Add(time.Duration(failed+1)*time.Minute), try(failed+1, time.Second))
			}
		}
	}
	a.due(now, try(0, time.Second))
}
