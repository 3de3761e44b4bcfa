package fakeaws

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// builtStack is a stack that was made from a template.
type builtStack struct {
	id, name  string
	resources []*builtResource
}

type builtResource struct {
	name, kind, physical string
	attributes           map[string]string // of Fn::GetAtt
	properties           templateObject    // worked out
	there                bool              // also where a later step of making it failed
}

func (s *builtStack) find(name string) *builtResource {
	for _, made := range s.resources {
		if made.name == name {
			return made
		}
	}
	return nil
}

// spec is the stack as ListStacks and DescribeStackResources tell it.
func (s *builtStack) spec(region string) StackSpec {
	spec := StackSpec{Region: region, Name: s.name}
	for _, made := range s.resources {
		spec.Resources = append(spec.Resources, StackResourceSpec{Type: made.kind, LogicalID: made.name, PhysicalID: made.physical})
	}
	return spec
}

// resourceKind is a type of resource that CloudFormation can make here.
type resourceKind struct {
	properties []string
	// settle makes the resource, or changes what it was before (nil: nothing), and
	// names it.
	settle func(b *builder, made, before *builtResource) *apiError
	remove func(b *builder, made *builtResource) *apiError
}

// kindOf is a type of resource by its name; false: it is not interpreted.
func kindOf(name string) (resourceKind, bool) {
	switch name {
	case "AWS::IAM::Role":
		return resourceKind{[]string{"AssumeRolePolicyDocument", "Description", "ManagedPolicyArns", "MaxSessionDuration", "Path", "PermissionsBoundary", "RoleName"}, settleStackRole, removeStackRole}, true
	case "AWS::IAM::Policy":
		return resourceKind{[]string{"Groups", "PolicyDocument", "PolicyName", "Roles", "Users"}, settleStackPolicy, removeStackPolicy}, true
	}
	return resourceKind{}, false
}

// capability is what must be acknowledged before the template may be used; empty:
// nothing.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html#using-iam-capabilities
func (t *stackTemplate) capability() string {
	needs := ""
	for _, made := range t.resources {
		switch {
		case made.properties.get("RoleName") != nil:
			return "CAPABILITY_NAMED_IAM"
		case strings.HasPrefix(made.kind, "AWS::IAM::"):
			needs = "CAPABILITY_IAM"
		}
	}
	return needs
}

// builder makes the resources of a stack as a role of its account, by the same
// calls that anybody makes: what policies forbid the role, a service control
// policy say, fails. CloudTrail tells of them.
type builder struct {
	templateValues
	aws  *AWS
	who  principal
	now  time.Time
	tags []tag // of the stack, which its resources get, too
}

// call makes a call of IAM. parameters are names and values in turn; those
// without a value are not sent.
func (b *builder) call(name string, parameters ...string) *apiError {
	form := url.Values{"Action": {name}}
	for pair := range slices.Chunk(parameters, 2) {
		if name, value := pair[0], pair[1]; value != "" {
			form.Set(name, value)
		}
	}
	s := b.aws.serviceByName("iam")
	r := &request{
		aws: b.aws, service: s, action: name, id: requestID(b.aws.random.next()), now: b.now, region: s.region(b.region, b.account.partition),
		account: b.account, caller: b.who, form: form, userAgent: "cloudformation.amazonaws.com", sourceIP: "cloudformation.amazonaws.com",
	}
	r.describe()
	act := s.actions[name]
	err := r.validate(act)
	if err == nil {
		err = b.aws.permits(r, act)
	}
	if err != nil {
		b.aws.record(r, act, nil, err)
		return err
	}
	_, err = b.aws.perform(r, act) // throttled it is tried again, which takes no longer here
	return err
}

func (a *AWS) serviceByName(name string) *service {
	i := slices.IndexFunc(a.services, func(s service) bool { return s.name == name })
	return &a.services[i]
}

// tagParameters are the stack's tags as a call has them.
func (b *builder) tagParameters() []string {
	var out []string
	for i, t := range b.tags {
		at := "Tags.member." + strconv.Itoa(i+1)
		out = append(out, at+".Key", t.Key, at+".Value", t.Value)
	}
	return out
}

// build makes the stack, or makes of what it was what the template wants now; of
// a failure nothing is left, or what was before.
func (b *builder) build() *apiError {
	wanted, err := b.wanted()
	if err != nil {
		return err
	}
	before := b.stack.resources
	b.stack.resources = nil
	if err = b.settle(wanted, before); err != nil {
		b.rollBack(before)
	}
	return err
}

func (b *builder) settle(wanted []templateResource, before []*builtResource) *apiError {
	for _, resource := range wanted {
		if err := b.settleOne(resource, before); err != nil {
			return err.because(resource)
		}
	}
	for _, old := range slices.Backward(before) {
		if b.stack.find(old.name) == nil {
			if err := b.remove(old); err != nil {
				return err
			}
		}
	}
	for _, output := range b.template.outputs {
		if err := b.checkOutput(output); err != nil {
			return err
		}
	}
	return nil
}

// because says which resource a refusal is about, as a stack's events do.
func (e *apiError) because(made templateResource) *apiError {
	told := *e
	told.Message = "ResourceLogicalId:" + made.name + ", ResourceType:" + made.kind + ", ResourceStatusReason:" + strings.TrimSuffix(e.Message, ".") + "."
	return &told
}

// wanted are the resources whose conditions hold, each after those that it refers
// to.
func (b *builder) wanted() ([]templateResource, *apiError) {
	var rest, ordered []templateResource
	for _, resource := range b.template.resources {
		holds := true
		if resource.condition != "" {
			var err *apiError
			if holds, err = b.condition(resource.condition); err != nil {
				return nil, err
			}
		}
		if holds {
			rest = append(rest, resource)
		}
	}
	for len(rest) > 0 {
		next := slices.IndexFunc(rest, func(r templateResource) bool {
			return !slices.ContainsFunc(rest, func(other templateResource) bool { return r.refersTo(other.name) })
		})
		if next < 0 {
			return nil, errTemplate("Circular dependency between resources: [%s]", rest[0].name)
		}
		ordered, rest = append(ordered, rest[next]), slices.Delete(rest, next, next+1)
	}
	return ordered, nil
}

func (made templateResource) refersTo(name string) bool {
	return slices.Contains(made.after, name) || refers(made.properties, name)
}

// refers reports whether a part of a template names a resource.
func refers(v any, name string) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, func(element any) bool { return refers(element, name) })
	case templateObject:
		if function, argument, ok := v.function(); ok {
			path, _ := getAttPath(argument)
			text, _ := argument.(string)
			switch function {
			case "Ref":
				return text == name
			case "Fn::GetAtt":
				return path[0] == name
			case "Fn::Sub":
				return slices.ContainsFunc(substituted(text), func(s string) bool { base, _, _ := strings.Cut(s, "."); return base == name })
			}
		}
		return slices.ContainsFunc(v, func(f templateField) bool { return refers(f.value, name) })
	}
	return false
}

func (b *builder) settleOne(resource templateResource, before []*builtResource) *apiError {
	properties, err := b.value(resource.properties)
	if err != nil {
		return err
	}
	made := &builtResource{name: resource.name, kind: resource.kind, properties: properties.(templateObject)}
	return b.put(made, before)
}

// put makes a resource whose properties are worked out.
func (b *builder) put(made *builtResource, before []*builtResource) *apiError {
	var old *builtResource
	if i := slices.IndexFunc(before, func(o *builtResource) bool { return o.name == made.name && o.kind == made.kind }); i >= 0 {
		old = before[i]
	}
	kind, _ := kindOf(made.kind)
	err := kind.settle(b, made, old)
	if made.there {
		b.stack.resources = append(b.stack.resources, made)
	}
	return err
}

// remove takes a resource away. What somebody else has taken away already is no
// failure.
func (b *builder) remove(made *builtResource) *apiError {
	kind, _ := kindOf(made.kind)
	if err := kind.remove(b, made); err != nil && err.Code != "NoSuchEntity" {
		return err
	}
	return nil
}

// rollBack makes what was before, as far as that goes.
func (b *builder) rollBack(before []*builtResource) {
	halfway := b.stack.resources
	b.stack.resources = nil
	for _, old := range before {
		_ = b.put(&builtResource{name: old.name, kind: old.kind, properties: old.properties}, append(slices.Clone(halfway), before...))
	}
	for _, made := range slices.Backward(halfway) {
		if b.stack.find(made.name) == nil {
			_ = b.remove(made)
		}
	}
}

// takeAway takes all of the stack's resources away, the last first.
func (b *builder) takeAway() *apiError {
	for len(b.stack.resources) > 0 {
		last := len(b.stack.resources) - 1
		if err := b.remove(b.stack.resources[last]); err != nil {
			return err
		}
		b.stack.resources = b.stack.resources[:last]
	}
	return nil
}

func (b *builder) checkOutput(output templateField) *apiError {
	attributes, _ := output.value.(templateObject)
	for _, a := range attributes {
		if !slices.Contains([]string{"Value", "Description", "Condition"}, a.name) {
			return errUninterpreted(a.name + " of output " + output.name)
		}
	}
	if condition, ok := attributes.get("Condition").(string); ok {
		if holds, err := b.condition(condition); err != nil || !holds {
			return err
		}
	}
	_, err := b.value(attributes.get("Value"))
	return err
}

// generated is the physical name of what the template gives none.
func (b *builder) generated(made *builtResource, longest int) string {
	suffix := "-" + strings.ToUpper(lowerLetters(hash(b.stack.id, made.name), 12))
	name := b.stack.name + "-" + made.name
	return name[:min(len(name), longest-len(suffix))] + suffix
}

// text is a property that is a text or a number; empty: there is none.
func (made *builtResource) text(property string) string { return textOf(made.properties.get(property)) }

func (made *builtResource) texts(property string) []string {
	list, _ := made.properties.get(property).([]any)
	var out []string
	for _, v := range list {
		out = append(out, textOf(v))
	}
	return out
}

// document is a property that is a policy.
func (made *builtResource) document(property string) string {
	return cmp.Or(textOf(made.properties.get(property)), "{}")
}
