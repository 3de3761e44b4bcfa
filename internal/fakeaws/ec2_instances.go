package fakeaws

import (
	"cmp"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
)

// InstanceSpec describes an instance of EC2.
type InstanceSpec struct {
	Region   string // empty: us-east-1
	ID       string
	State    string // empty: running
	UserData string // as it was written; EC2 keeps and answers its base64
	Tags     map[string]string
}

// LaunchTemplateSpec describes a launch template of EC2.
type LaunchTemplateSpec struct {
	Region   string // empty: us-east-1
	ID       string
	Name     string
	UserData []string // of each version, from 1; the last is the default one
}

// ec2Instances are EC2's actions about what is launched.
func ec2Instances() map[string]action {
	return map[string]action{
		"DescribeInstances":              {do: describeInstances, reads: true},
		"DescribeInstanceAttribute":      {do: describeInstanceAttribute, reads: true},
		"DescribeLaunchTemplates":        {do: describeLaunchTemplates, reads: true},
		"DescribeLaunchTemplateVersions": {do: describeLaunchTemplateVersions, reads: true},
	}
}

func (r *request) instances() []InstanceSpec {
	return inRegion(r, r.account.spec.Instances, func(i InstanceSpec) string { return i.Region })
}

func (r *request) launchTemplates() []LaunchTemplateSpec {
	return inRegion(r, r.account.spec.LaunchTemplates, func(t LaunchTemplateSpec) string { return t.Region })
}

// ec2Page writes one page of a list, as NextToken and MaxResults ask for it.
func ec2Page[T any](r *request, set string, all []T, id func(T) string, write func(*xmlWriter, T)) (any, *apiError) {
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
	limit, err := strconv.Atoi(r.value("MaxResults"))
	if err != nil {
		limit = maxItems
	}
	page, next, ok := pageOf(r, all, r.value("NextToken"), limit, id)
	if !ok {
		return nil, &apiError{Status: 400, Code: "InvalidNextToken", Message: "The token is not valid."}
	}
	var x xmlWriter
	x.open(r.action+"Response", r.service.namespace)
	x.element("requestId", r.id)
	x.begin(set)
	for _, one := range page {
		x.begin("item")
		write(&x, one)
		x.close("item")
	}
	x.close(set)
	if next != "" {
		x.element("nextToken", next)
	}
	x.close(r.action + "Response")
	return object(x.Bytes()), nil
}

func describeInstances(r *request) (any, *apiError) {
	return ec2Page(r, "reservationSet", r.instances(), func(i InstanceSpec) string { return i.ID }, func(x *xmlWriter, i InstanceSpec) {
		x.element("reservationId", "r-"+uuidOf(i.ID)[:8])
		x.element("ownerId", r.account.id)
		x.begin("instancesSet")
		x.begin("item")
		x.element("instanceId", i.ID)
		x.begin("instanceState")
		x.element("name", cmp.Or(i.State, "running"))
		x.close("instanceState")
		x.begin("tagSet")
		for _, key := range slices.Sorted(maps.Keys(i.Tags)) {
			x.begin("item")
			x.element("key", key)
			x.element("value", i.Tags[key])
			x.close("item")
		}
		x.close("tagSet")
		x.close("item")
		x.close("instancesSet")
	})
}

func describeInstanceAttribute(r *request) (any, *apiError) {
	all, id := r.instances(), r.value("InstanceId")
	i := slices.IndexFunc(all, func(i InstanceSpec) bool { return i.ID == id })
	switch {
	case i < 0:
		return nil, &apiError{Status: 400, Code: "InvalidInstanceID.NotFound", Message: "The instance ID '" + id + "' does not exist"}
	case r.value("Attribute") != "userData":
		return nil, &apiError{Status: 400, Code: "InvalidParameterValue", Message: "Value (" + r.value("Attribute") + ") for parameter attribute is invalid. Unknown attribute."}
	}
	var x xmlWriter
	x.open(r.action+"Response", r.service.namespace)
	x.element("requestId", r.id)
	x.element("instanceId", id)
	x.begin("userData")
	if text := all[i].UserData; text != "" {
		x.element("value", base64.StdEncoding.EncodeToString([]byte(text)))
	}
	x.close("userData")
	x.close(r.action + "Response")
	return object(x.Bytes()), nil
}

func describeLaunchTemplates(r *request) (any, *apiError) {
	return ec2Page(r, "launchTemplates", r.launchTemplates(), func(t LaunchTemplateSpec) string { return t.ID }, func(x *xmlWriter, t LaunchTemplateSpec) {
		x.element("launchTemplateId", t.ID)
		x.element("launchTemplateName", t.Name)
		x.element("defaultVersionNumber", strconv.Itoa(len(t.UserData)))
		x.element("latestVersionNumber", strconv.Itoa(len(t.UserData)))
	})
}

// templateVersion is one version of a launch template.
type templateVersion struct {
	of     LaunchTemplateSpec
	number int
}

func describeLaunchTemplateVersions(r *request) (any, *apiError) {
	all, id := r.launchTemplates(), r.value("LaunchTemplateId")
	i := slices.IndexFunc(all, func(t LaunchTemplateSpec) bool { return t.ID == id })
	if i < 0 {
		return nil, &apiError{Status: 400, Code: "InvalidLaunchTemplateId.NotFound", Message: "The specified launch template, with template ID " + id + ", does not exist."}
	}
	var versions []templateVersion
	for n := range all[i].UserData {
		versions = append(versions, templateVersion{all[i], n + 1})
	}
	order := func(v templateVersion) string { return strconv.Itoa(10_000_000 + v.number) }
	return ec2Page(r, "launchTemplateVersionSet", versions, order, func(x *xmlWriter, v templateVersion) {
		x.element("launchTemplateId", v.of.ID)
		x.element("launchTemplateName", v.of.Name)
		x.element("versionNumber", strconv.Itoa(v.number))
		x.element("defaultVersion", strconv.FormatBool(v.number == len(v.of.UserData)))
		x.begin("launchTemplateData")
		if text := v.of.UserData[v.number-1]; text != "" {
			x.element("userData", base64.StdEncoding.EncodeToString([]byte(text)))
		}
		x.close("launchTemplateData")
	})
}
