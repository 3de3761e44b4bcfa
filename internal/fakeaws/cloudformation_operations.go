package fakeaws

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stackTime is what one stack takes. AWS takes about half a minute for each, and
// as many at once as MaxConcurrentCount says; here they come one after the other.
const stackTime = time.Second

// stackSetOperation is work on a stack set's instances, one after the other.
type stackSetOperation struct {
	id, action, status string
	began, ended       time.Time
	retain             bool
	tolerance          int // failures in one region that don't end it
	results            []*stackSetResult
}

type stackSetResult struct {
	instance       *stackInstance
	status, reason string
}

func errOperationInProgress(set *stackSet, o *stackSetOperation) *apiError {
	return &apiError{Status: 409, Code: "OperationInProgressException", Message: "Another Operation on StackSet " + set.arn() + " is in progress: " + o.id}
}

// idle refuses what may not go on beside another operation: with ManagedExecution
// AWS would let it wait instead.
func (set *stackSet) idle() *apiError {
	for _, o := range set.operations {
		if o.ended.IsZero() {
			return errOperationInProgress(set, o)
		}
	}
	return nil
}

var operationPattern = regexp.MustCompile(`^[a-zA-Z0-9][-a-zA-Z0-9]{0,127}$`)

// operation is what a call wants to begin: nothing else may be under way. A call
// that comes again with the same ID is told so.
func (r *request) operation(set *stackSet, action string, instances int) (*stackSetOperation, *apiError) {
	if err := set.idle(); err != nil {
		return nil, err
	}
	id := cmp.Or(r.value("OperationId"), uuidOf(set.id, strconv.FormatUint(r.aws.random.next(), 16)))
	if !operationPattern.MatchString(id) {
		return nil, errValidation("1 validation error detected: Value '%s' at 'operationId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9][-a-zA-Z0-9]*", id)
	}
	if set.operation(id) != nil {
		return nil, &apiError{Status: 409, Code: "OperationIdAlreadyExistsException", Message: "Operation " + id + " already exists"}
	}
	tolerance, err := r.failureTolerance(instances)
	return &stackSetOperation{id: id, action: action, status: "QUEUED", began: second(r.now), retain: r.value("RetainStacks") == "true", tolerance: tolerance}, err
}

// begin begins it.
func (r *request) begin(set *stackSet, o *stackSetOperation, instances []*stackInstance) (any, *apiError) {
	set.queue(r.aws, r.now, o, instances)
	return struct{ OperationId string }{o.id}, nil
}

// failureTolerance is how many stacks may fail in a region: none, where nothing
// is said.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationPreferences.html
func (r *request) failureTolerance(instances int) (int, *apiError) {
	count, percentage := r.value("OperationPreferences.FailureToleranceCount"), r.value("OperationPreferences.FailureTolerancePercentage")
	if count != "" && percentage != "" {
		return 0, errValidation("FailureToleranceCount and FailureTolerancePercentage cannot be specified together")
	}
	n, err := strconv.Atoi(cmp.Or(count, percentage, "0"))
	if err != nil || n < 0 {
		return 0, errValidation("OperationPreferences has an invalid value")
	}
	if percentage != "" {
		n = instances * n / 100
	}
	return n, nil
}

func (set *stackSet) operation(id string) *stackSetOperation {
	for _, o := range set.operations {
		if o.id == id {
			return o
		}
	}
	return nil
}

// queue lets an operation follow those that are under way.
func (set *stackSet) queue(a *AWS, now time.Time, o *stackSetOperation, instances []*stackInstance) {
	slices.SortFunc(instances, func(x, y *stackInstance) int {
		return cmp.Or(strings.Compare(x.region, y.region), strings.Compare(x.account, y.account))
	})
	for _, i := range instances {
		i.operation, i.detailed, i.reason = o.id, "PENDING", ""
		o.results = append(o.results, &stackSetResult{instance: i, status: "PENDING"})
	}
	waits := set.idle() != nil
	set.operations = append(set.operations, o)
	if !waits {
		set.carryOn(a, now)
	}
}

// carryOn does the next thing of the first operation that isn't done.
func (set *stackSet) carryOn(a *AWS, now time.Time) {
	i := slices.IndexFunc(set.operations, func(o *stackSetOperation) bool { return o.ended.IsZero() })
	if i < 0 {
		return
	}
	o := set.operations[i]
	o.status = "RUNNING"
	next := slices.IndexFunc(o.results, func(r *stackSetResult) bool { return r.status == "PENDING" })
	if next >= 0 {
		o.results[next].set("RUNNING", "")
	}
	a.later(now.Add(stackTime), func(now time.Time) {
		if next >= 0 {
			set.carryOut(a, now, o, o.results[next])
		}
		if o.finished() {
			o.status, o.ended = o.outcome(), second(now)
		}
		set.carryOn(a, now)
	})
}

func (r *stackSetResult) set(status, reason string) {
	r.status, r.reason = status, reason
	r.instance.detailed, r.instance.reason = status, reason
}

func (o *stackSetOperation) finished() bool {
	return !slices.ContainsFunc(o.results, func(r *stackSetResult) bool { return r.status == "PENDING" })
}

func (o *stackSetOperation) failed() int {
	n := 0
	for _, r := range o.results {
		if r.status == "FAILED" {
			n++
		}
	}
	return n
}

func (o *stackSetOperation) outcome() string {
	if o.failed() > o.tolerance {
		return "FAILED"
	}
	return "SUCCEEDED"
}

// carryOut does the work on one instance. When too many have failed the rest is
// cancelled.
func (set *stackSet) carryOut(a *AWS, now time.Time, o *stackSetOperation, result *stackSetResult) {
	i := result.instance
	acct := a.accountByID(i.account)
	switch {
	case acct == nil:
		result.set("FAILED", "The account "+i.account+" is gone")
	case cmp.Or(acct.spec.State, "ACTIVE") != "ACTIVE" && o.action != "DELETE":
		result.set("SUCCEEDED", "")
		i.detailed, i.reason = "SKIPPED_SUSPENDED_ACCOUNT", "The account "+i.account+" was suspended"
	case o.action == "DELETE":
		set.takeAway(a, acct, now, o, result)
	case o.action == "CREATE" && i.status == "CURRENT":
		result.set("SUCCEEDED", "")
	default:
		set.deploy(a, acct, now, result)
	}
	if o.failed() > o.tolerance {
		for _, rest := range o.results {
			if rest.status == "PENDING" {
				rest.set("CANCELLED", "Cancelled since failure tolerance has exceeded")
			}
		}
	}
}

func errNoOperation(set *stackSet, id string) *apiError {
	return &apiError{Status: 404, Code: "OperationNotFoundException", Message: fmt.Sprintf("Operation %s not found for StackSet %s", id, set.id)}
}

type stackSetOperationShape struct {
	OperationId, StackSetId, Action, Status string
	RetainStacks                            *bool
	ExecutionRoleName                       string
	CreationTimestamp, EndTimestamp         time.Time
	StatusDetails                           struct{ FailedStackInstancesCount int }
}

func describeStackSetOperation(r *request, set *stackSet) (any, *apiError) {
	o := set.operation(r.value("OperationId"))
	if o == nil {
		return nil, errNoOperation(set, r.value("OperationId"))
	}
	s := stackSetOperationShape{OperationId: o.id, StackSetId: set.id, Action: o.action, Status: o.status, ExecutionRoleName: set.executionRole(), CreationTimestamp: o.began, EndTimestamp: o.ended}
	if o.action == "DELETE" {
		retain := o.retain
		s.RetainStacks = &retain
	}
	s.StatusDetails.FailedStackInstancesCount = o.failed()
	return struct{ StackSetOperation stackSetOperationShape }{s}, nil
}

// listStackSetOperations has the newest first.
func listStackSetOperations(r *request, set *stackSet) (any, *apiError) {
	type summary struct {
		OperationId, Action, Status     string
		CreationTimestamp, EndTimestamp time.Time
		StatusDetails                   struct{ FailedStackInstancesCount int }
	}
	list := []summary{}
	for _, o := range slices.Backward(set.operations) {
		s := summary{OperationId: o.id, Action: o.action, Status: o.status, CreationTimestamp: o.began, EndTimestamp: o.ended}
		s.StatusDetails.FailedStackInstancesCount = o.failed()
		list = append(list, s)
	}
	place := map[string]string{}
	for i, s := range list {
		place[s.OperationId] = fmt.Sprintf("%09d", i)
	}
	page, next, err := stackPage(r, list, func(s summary) string { return place[s.OperationId] })
	return struct {
		Summaries []summary
		NextToken string
	}{page, next}, err
}

func listStackSetOperationResults(r *request, set *stackSet) (any, *apiError) {
	o := set.operation(r.value("OperationId"))
	if o == nil {
		return nil, errNoOperation(set, r.value("OperationId"))
	}
	if r.form.Has("Filters.member.1.Name") {
		return nil, errUninterpreted("Filters")
	}
	type summary struct{ Account, Region, Status, StatusReason, OrganizationalUnitId string }
	list := []summary{}
	for _, result := range o.results {
		list = append(list, summary{result.instance.account, result.instance.region, result.status, result.reason, result.instance.unit})
	}
	page, next, err := stackPage(r, list, func(s summary) string { return s.Region + "/" + s.Account })
	return struct {
		Summaries []summary
		NextToken string
	}{page, next}, err
}
