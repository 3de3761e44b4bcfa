package fakeaws

import (
	"cmp"
	"maps"
	"strings"
	"time"
)

// scheduleGroup holds schedules; "default" is always there.
type scheduleGroup struct {
	created time.Time
	tags    map[string]string
}

func scheduleGroupARN(home *stores, name string) string {
	return home.arn("scheduler", "schedule-group/"+name)
}

func onScheduleGroup(r *request) target {
	return target{arn: scheduleGroupARN(r.account.in(r.region), r.uri["Name"])}
}

func onScheduledARN(r *request) target { return target{arn: r.uri["ResourceArn"]} }

// scheduleGroup finds a group by name.
func (s *stores) scheduleGroup(name string) (*scheduleGroup, *apiError) {
	if g := s.scheduleGroups[name]; g != nil {
		return g, nil
	}
	if name == "default" {
		return &scheduleGroup{created: s.account.created}, nil
	}
	return nil, schedulerError(404, "ResourceNotFoundException", "Schedule group %s does not exist.", name)
}

func createScheduleGroup(r *request) (any, *apiError) {
	in, err := decode[struct{ Tags []tag }](r)
	if err != nil {
		return nil, err
	}
	home, name := r.account.in(r.region), r.uri["Name"]
	if _, err := home.scheduleGroup(name); err == nil {
		return nil, schedulerError(409, "ConflictException", "Schedule group %s already exists.", name)
	}
	home.scheduleGroups[name] = &scheduleGroup{r.now, tagMap(in.Tags)}
	return struct{ ScheduleGroupArn string }{scheduleGroupARN(home, name)}, nil
}

func getScheduleGroup(r *request) (any, *apiError) {
	home, name := r.account.in(r.region), r.uri["Name"]
	g, err := home.scheduleGroup(name)
	if err != nil {
		return nil, err
	}
	return struct {
		Arn, Name, State                   string
		CreationDate, LastModificationDate epoch
	}{scheduleGroupARN(home, name), name, "ACTIVE", epoch(g.created), epoch(g.created)}, nil
}

// deleteScheduleGroup deletes a group with all that is in it.
func deleteScheduleGroup(r *request) (any, *apiError) {
	home, name := r.account.in(r.region), r.uri["Name"]
	if home.scheduleGroups[name] == nil {
		_, err := home.scheduleGroup(name)
		return nil, cmp.Or(err, schedulerError(400, "ValidationException", "The default schedule group can't be deleted."))
	}
	for key, task := range home.schedules {
		if key.group == name {
			r.aws.callOff(task.next)
			delete(home.schedules, key)
		}
	}
	delete(home.scheduleGroups, name)
	return struct{}{}, nil
}

// taggedGroup is the group whose ARN is asked about: Scheduler's only tags.
func (r *request) taggedGroup() (*scheduleGroup, *apiError) {
	arn, _ := parseARN(r.uri["ResourceArn"])
	return r.account.in(r.region).scheduleGroup(strings.TrimPrefix(arn.resource, "schedule-group/"))
}

func tagScheduleGroup(r *request) (any, *apiError) {
	in, err := decode[struct{ Tags []tag }](r)
	if err != nil {
		return nil, err
	}
	g, err := r.taggedGroup()
	if err != nil {
		return nil, err
	}
	g.tags = copied(g.tags)
	maps.Copy(g.tags, tagMap(in.Tags))
	return struct{}{}, nil
}

func untagScheduleGroup(r *request) (any, *apiError) {
	g, err := r.taggedGroup()
	if err != nil {
		return nil, err
	}
	for _, key := range r.http.URL.Query()["TagKeys"] {
		delete(g.tags, key)
	}
	return struct{}{}, nil
}

func listScheduleGroupTags(r *request) (any, *apiError) {
	g, err := r.taggedGroup()
	if err != nil {
		return nil, err
	}
	return struct{ Tags []tag }{append([]tag{}, tagList(g.tags)...)}, nil
}
