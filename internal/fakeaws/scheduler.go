package fakeaws

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// schedulerService is EventBridge Scheduler: schedules that invoke functions, and
// their groups. Flexible windows begin at once.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/
func schedulerService() service {
	return service{
		name: "scheduler", source: "scheduler.amazonaws.com", protocol: restJSON,
		paths: []route{
			{http.MethodPost, "/schedules/{Name}", "CreateSchedule"},
			{http.MethodGet, "/schedules/{Name}", "GetSchedule"},
			{http.MethodPut, "/schedules/{Name}", "UpdateSchedule"},
			{http.MethodDelete, "/schedules/{Name}", "DeleteSchedule"},
			{http.MethodGet, "/schedules", "ListSchedules"},
			{http.MethodPost, "/schedule-groups/{Name}", "CreateScheduleGroup"},
			{http.MethodGet, "/schedule-groups/{Name}", "GetScheduleGroup"},
			{http.MethodDelete, "/schedule-groups/{Name}", "DeleteScheduleGroup"},
			{http.MethodPost, "/tags/{ResourceArn}", "TagResource"},
			{http.MethodDelete, "/tags/{ResourceArn}", "UntagResource"},
			{http.MethodGet, "/tags/{ResourceArn}", "ListTagsForResource"},
		},
		actions: map[string]action{
			"CreateSchedule":      {do: putSchedule, on: onSchedule},
			"UpdateSchedule":      {do: putSchedule, on: onSchedule},
			"GetSchedule":         {do: getSchedule, on: onSchedule, reads: true},
			"DeleteSchedule":      {do: deleteSchedule, on: onSchedule},
			"ListSchedules":       {do: listSchedules, reads: true},
			"CreateScheduleGroup": {do: createScheduleGroup, on: onScheduleGroup},
			"GetScheduleGroup":    {do: getScheduleGroup, on: onScheduleGroup, reads: true},
			"DeleteScheduleGroup": {do: deleteScheduleGroup, on: onScheduleGroup},
			"TagResource":         {do: tagScheduleGroup, on: onScheduledARN},
			"UntagResource":       {do: untagScheduleGroup, on: onScheduledARN},
			"ListTagsForResource": {do: listScheduleGroupTags, on: onScheduledARN, reads: true},
		},
	}
}

// plannedTask is a schedule of Scheduler.
type plannedTask struct {
	home *stores
	scheduleSettings
	created, changed time.Time
	next             *duty
}

// scheduleSettings are the members that callers set.
type scheduleSettings struct {
	Name                       string
	GroupName                  string
	Description                string `json:",omitempty"`
	ScheduleExpression         string
	ScheduleExpressionTimezone string
	StartDate                  *instant `json:",omitempty"`
	EndDate                    *instant `json:",omitempty"`
	State                      string
	FlexibleTimeWindow         *struct {
		Mode                   string
		MaximumWindowInMinutes int `json:",omitempty"`
	}
	Target *struct {
		Arn, RoleArn     string
		Input            string          `json:",omitempty"`
		RetryPolicy      json.RawMessage `json:",omitempty"`
		DeadLetterConfig json.RawMessage `json:",omitempty"`
	}
}

// scheduleKey finds a schedule among those of all groups.
type scheduleKey struct{ group, name string }

func (k scheduleKey) arn(home *stores) string {
	return home.arn("scheduler", "schedule/"+k.group+"/"+k.name)
}

func (r *request) scheduleAsked() scheduleKey {
	in, _ := decode[struct{ GroupName string }](r)
	return scheduleKey{cmp.Or(in.GroupName, r.query("groupName"), "default"), r.uri["Name"]}
}

func onSchedule(r *request) target {
	return target{arn: r.scheduleAsked().arn(r.account.in(r.region))}
}

func schedulerError(status int, code, format string, args ...any) *apiError {
	e := refusal(code, format, args...)
	e.Status = status
	return e
}

func errNoSchedule(name string) *apiError {
	return schedulerError(404, "ResourceNotFoundException", "Schedule %s does not exist.", name)
}

var scheduleName = regexp.MustCompile(`^[0-9a-zA-Z-_.]{1,64}$`)

// putSchedule makes a schedule, or replaces all of one.
func putSchedule(r *request) (any, *apiError) {
	in, err := decode[scheduleSettings](r)
	if err != nil {
		return nil, err
	}
	home, key := r.account.in(r.region), r.scheduleAsked()
	have := home.schedules[key]
	switch {
	case r.action == "CreateSchedule" && have != nil:
		return nil, schedulerError(409, "ConflictException", "Schedule %s already exists.", key.name)
	case r.action == "UpdateSchedule" && have == nil:
		return nil, errNoSchedule(key.name)
	case key.group != "default" && home.scheduleGroups[key.group] == nil:
		return nil, schedulerError(404, "ResourceNotFoundException", "Schedule group %s does not exist.", key.group)
	}
	in.Name, in.GroupName = key.name, key.group
	in.State, in.ScheduleExpressionTimezone = cmp.Or(in.State, "ENABLED"), cmp.Or(in.ScheduleExpressionTimezone, "UTC")
	if err := r.checkSchedule(in); err != nil {
		return nil, err
	}
	made := &plannedTask{home: home, scheduleSettings: in, created: r.now, changed: r.now}
	if have != nil {
		r.aws.callOff(have.next)
		made.created = have.created
	}
	home.schedules[key] = made
	r.aws.planTask(made, r.now)
	return struct{ ScheduleArn string }{key.arn(home)}, nil
}

// checkSchedule wants an expression it can read and a role that Scheduler can
// assume and the caller may pass.
func (r *request) checkSchedule(in scheduleSettings) *apiError {
	bad := func(format string, args ...any) *apiError {
		return schedulerError(400, "ValidationException", format, args...)
	}
	switch {
	case !scheduleName.MatchString(in.Name):
		return bad("Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-zA-Z-_.]+", in.Name)
	case in.FlexibleTimeWindow == nil || in.Target == nil || in.Target.Arn == "" || in.Target.RoleArn == "":
		return bad("FlexibleTimeWindow, Target.Arn and Target.RoleArn must not be null")
	}
	if _, err := in.when(); err != nil {
		return bad("Invalid Schedule Expression %s.", in.ScheduleExpression)
	}
	acct, role := r.roleByARN(in.Target.RoleArn)
	if role == nil || !r.aws.serviceMay("scheduler.amazonaws.com", "sts:AssumeRole", in.Target.RoleArn, role.trust, acct, map[string][]string{"aws:SourceAccount": {r.account.id}}) {
		return bad("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
	}
	return r.mayPass(in.Target.RoleArn, "scheduler.amazonaws.com")
}

func (in scheduleSettings) when() (schedule, error) {
	zone, err := time.LoadLocation(in.ScheduleExpressionTimezone)
	if err != nil {
		return schedule{}, err
	}
	return parseSchedule(in.ScheduleExpression, zone)
}

// planTask sets the schedule's next time. A rate counts from its start.
func (a *AWS) planTask(task *plannedTask, after time.Time) {
	task.next = nil
	s, err := task.when()
	if err != nil || task.State == "DISABLED" {
		return
	}
	if task.StartDate != nil && task.StartDate.After(after) {
		after = task.StartDate.Time
	}
	next := s.next(after)
	if next.IsZero() || task.EndDate != nil && next.After(task.EndDate.Time) {
		return
	}
	task.next = a.due(next, func(context.Context) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.runTask(task, a.clock.now())
		a.planTask(task, next)
	})
}

// runTask invokes the schedule's function as its role may, as an event that nobody
// waits for.
func (a *AWS) runTask(task *plannedTask, now time.Time) {
	f := a.functionByARN(task.Target.Arn)
	if f == nil {
		return
	}
	if a.roleMay(task.Target.RoleArn, "lambda:InvokeFunction", f.arn()) {
		a.invokeLater(f, []byte(cmp.Or(task.Target.Input, "{}")), now)
	}
}

func getSchedule(r *request) (any, *apiError) {
	key := r.scheduleAsked()
	task := r.account.in(r.region).schedules[key]
	if task == nil {
		return nil, errNoSchedule(key.name)
	}
	type shown struct {
		scheduleSettings
		Arn                  string
		CreationDate         epoch
		LastModificationDate epoch
	}
	return shown{task.scheduleSettings, key.arn(task.home), epoch(task.created), epoch(task.changed)}, nil
}

func deleteSchedule(r *request) (any, *apiError) {
	home, key := r.account.in(r.region), r.scheduleAsked()
	task := home.schedules[key]
	if task == nil {
		return nil, errNoSchedule(key.name)
	}
	r.aws.callOff(task.next)
	delete(home.schedules, key)
	return struct{}{}, nil
}

func listSchedules(r *request) (any, *apiError) {
	type summary struct {
		Arn, GroupName, Name, State        string
		CreationDate, LastModificationDate epoch
		Target                             struct{ Arn string }
	}
	list, home := []summary{}, r.account.in(r.region)
	for key, task := range home.schedules {
		if group := r.query("ScheduleGroup"); group != "" && group != key.group || !strings.HasPrefix(key.name, r.query("NamePrefix")) {
			continue
		}
		list = append(list, summary{key.arn(home), key.group, key.name, task.State, epoch(task.created), epoch(task.changed), struct{ Arn string }{task.Target.Arn}})
	}
	slices.SortFunc(list, func(x, y summary) int { return strings.Compare(x.Arn, y.Arn) })
	page, next, ok := pageOf(r, list, r.query("NextToken"), 100, func(s summary) string { return s.Arn })
	if !ok {
		return nil, schedulerError(400, "ValidationException", "Invalid NextToken.")
	}
	return struct {
		NextToken string `json:",omitempty"`
		Schedules []summary
	}{next, page}, nil
}
