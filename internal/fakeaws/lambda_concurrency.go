package fakeaws

import (
	"encoding/json"
	"maps"
)

func putConcurrency(r *request, f *function) (any, *apiError) {
	in, err := decode[struct{ ReservedConcurrentExecutions *int }](r)
	switch {
	case err != nil:
		return nil, err
	case in.ReservedConcurrentExecutions == nil || *in.ReservedConcurrentExecutions < 0:
		return nil, lambdaError(400, "InvalidParameterValueException", "ReservedConcurrentExecutions must be zero or more")
	}
	f.reserve(in.ReservedConcurrentExecutions)
	return concurrency{*f.reserved}, nil
}

func (f *function) reserve(n *int) {
	f.reserved, f.spec.ReservedConcurrency = n, 0
	if n != nil {
		f.spec.ReservedConcurrency = *n
	}
}

func deleteConcurrency(_ *request, f *function) (any, *apiError) {
	f.reserve(nil)
	return noContent()
}

func getConcurrency(_ *request, f *function) (any, *apiError) {
	if f.reserved == nil {
		return struct{}{}, nil
	}
	return concurrency{*f.reserved}, nil
}

func tagFunction(r *request, f *function) (any, *apiError) {
	in, err := decode[struct{ Tags map[string]string }](r)
	if err != nil {
		return nil, err
	}
	f.tags = copied(f.tags)
	maps.Copy(f.tags, in.Tags)
	return noContent()
}

func untagFunction(r *request, f *function) (any, *apiError) {
	for _, key := range r.http.URL.Query()["tagKeys"] {
		delete(f.tags, key)
	}
	return noContent()
}

func listFunctionTags(_ *request, f *function) (any, *apiError) {
	return struct{ Tags map[string]string }{copied(f.tags)}, nil
}

func getCodeSigningConfig(_ *request, f *function) (any, *apiError) {
	return struct{ FunctionName string }{f.spec.Name}, nil
}

func getRuntimeManagement(_ *request, f *function) (any, *apiError) {
	return struct{ FunctionArn, UpdateRuntimeOn string }{f.arn(), "Auto"}, nil
}

// asyncSettings is how events are invoked that nobody waits for.
type asyncSettings struct {
	FunctionArn              string
	LastModified             epoch
	MaximumRetryAttempts     *int            `json:",omitempty"`
	MaximumEventAgeInSeconds *int            `json:",omitempty"`
	DestinationConfig        json.RawMessage `json:",omitempty"`
}

func putEventInvokeConfig(r *request, f *function) (any, *apiError) {
	in, err := decode[struct {
		MaximumRetryAttempts, MaximumEventAgeInSeconds *int
		DestinationConfig                              json.RawMessage
	}](r)
	if err != nil {
		return nil, err
	}
	f.async = &asyncSettings{f.arn() + ":$LATEST", epoch(r.now), in.MaximumRetryAttempts, in.MaximumEventAgeInSeconds, in.DestinationConfig}
	return *f.async, nil
}

func getEventInvokeConfig(_ *request, f *function) (any, *apiError) {
	if f.async == nil {
		return nil, lambdaError(404, "ResourceNotFoundException", "The function "+f.arn()+":$LATEST doesn't have an EventInvokeConfig")
	}
	return *f.async, nil
}

func deleteEventInvokeConfig(r *request, f *function) (any, *apiError) {
	if _, err := getEventInvokeConfig(r, f); err != nil {
		return nil, err
	}
	f.async = nil
	return noContent()
}
