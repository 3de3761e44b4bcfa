package fakeaws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// invocation is what came of running a function's code.
type invocation struct {
	reply   []byte
	failure string // X-Amz-Function-Error; empty: it ran well
}

// functionError is the document that Lambda's runtimes make of an error.
type functionError struct {
	ErrorMessage string `json:"errorMessage"`
	ErrorType    string `json:"errorType"`
}

func failed(kind, message string) invocation {
	return invocation{reply: jsonOf(functionError{message, kind}), failure: "Unhandled"}
}

// errTooMany is Lambda's refusal of more invocations at once than are reserved.
func errTooMany() *apiError {
	return &apiError{Status: 429, Code: "TooManyRequestsException", Message: "Rate Exceeded.", Reason: "ReservedFunctionConcurrentInvocationLimitExceeded"}
}

// invoke runs a function's code, outside the lock, for as long as its time-out
// lets it.
func (a *AWS) invoke(ctx context.Context, f *function, payload []byte) (invocation, *apiError) {
	run, err := a.occupy(f)
	if err != nil {
		return invocation{}, err
	}
	defer a.vacate(f)
	if run == nil {
		return failed("Runtime.InvalidEntrypoint", "the simulation knows no code of this function"), nil
	}
	timed, cancel := context.WithTimeout(ctx, f.spec.Timeout)
	defer cancel()
	reply, failure := run(timed, payload)
	switch {
	case errors.Is(timed.Err(), context.DeadlineExceeded):
		return failed("Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", f.spec.Timeout.Seconds())), nil
	case failure != nil:
		var typed interface{ ErrorType() string }
		if errors.As(failure, &typed) {
			return failed(typed.ErrorType(), failure.Error()), nil
		}
		return failed("errorString", failure.Error()), nil
	case len(reply) == 0:
		reply = []byte("null")
	}
	if !json.Valid(reply) {
		return failed("Runtime.MalformedHandlerResponse", "the function's reply is not JSON"), nil
	}
	return invocation{reply: reply}, nil
}

// occupy takes one of the function's concurrent executions.
func (a *AWS) occupy(f *function) (code, *apiError) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if reserved := f.reserved; reserved != nil && f.busy >= *reserved {
		return nil, errTooMany()
	}
	f.busy++
	if others := a.runOthers; f.run == nil && others != nil {
		spec := f.described()
		return func(ctx context.Context, payload []byte) ([]byte, error) { return others(ctx, spec, payload) }, nil
	}
	return f.run, nil
}

// described is the function as it is now, with its ARN's parts.
func (f *function) described() FunctionSpec {
	spec := f.spec
	spec.ARN, spec.Region, spec.Environment, spec.Policy = f.arn(), f.home.region, copied(f.spec.Environment), f.policy()
	return spec
}

func (a *AWS) vacate(f *function) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f.busy--
}

// mayBeInvoked asks the function's policy whether a service may invoke it for a
// resource of an account.
func (a *AWS) mayBeInvoked(f *function, service, sourceARN, sourceAccount string) bool {
	return a.serviceMay(service, "lambda:InvokeFunction", f.arn(), f.policy(), f.home.account, map[string][]string{
		"aws:SourceArn": {sourceARN}, "aws:SourceAccount": {sourceAccount},
	})
}
