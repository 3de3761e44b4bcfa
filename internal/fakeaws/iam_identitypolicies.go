package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/iampolicy"
)

// The seven calls about an identity's policies are the same for users, groups
// and roles.

// holderKind is a kind of identity that holds policies.
type holderKind struct {
	word      string // User, as in AttachUserPolicy and UserName
	find      func(*request) (*grants, string, *apiError)
	on        func(*request) target
	inlineMax int // characters of all inline policies together, without white space
}

func holderKinds() []holderKind {
	return []holderKind{
		{"User", func(r *request) (*grants, string, *apiError) {
			u, err := r.user()
			if err != nil {
				return nil, "", err
			}
			return &u.grants, u.name, nil
		}, onUser, 2048},
		{"Group", func(r *request) (*grants, string, *apiError) {
			g, err := r.group()
			if err != nil {
				return nil, "", err
			}
			return &g.grants, g.name, nil
		}, onGroup, 5120},
		{"Role", func(r *request) (*grants, string, *apiError) {
			role, err := r.role()
			if err != nil {
				return nil, "", err
			}
			return &role.grants, role.name, nil
		}, onRole, 10240},
	}
}

func identityPolicyActions() map[string]action {
	all := map[string]action{}
	for _, h := range holderKinds() {
		name := h.word + "Name"
		all["Attach"+h.word+"Policy"] = action{do: h.attach, on: h.on, needs: []string{name, "PolicyArn"}}
		all["Detach"+h.word+"Policy"] = action{do: h.detach, on: h.on, needs: []string{name, "PolicyArn"}}
		all["ListAttached"+h.word+"Policies"] = action{do: h.listAttached, on: h.on, needs: []string{name}}
		all["Put"+h.word+"Policy"] = action{do: h.put, on: h.on, needs: []string{name, "PolicyName", "PolicyDocument"}}
		all["Get"+h.word+"Policy"] = action{do: h.get, on: h.on, needs: []string{name, "PolicyName"}}
		all["Delete"+h.word+"Policy"] = action{do: h.delete, on: h.on, needs: []string{name, "PolicyName"}}
		all["List"+h.word+"Policies"] = action{do: h.list, on: h.on, needs: []string{name}}
	}
	return all
}

func errNoPolicy(arn string) *apiError {
	return errNoEntity("Policy " + arn + " does not exist or is not attachable.")
}

func (h holderKind) attach(r *request) (any, *apiError) {
	g, _, err := h.find(r)
	if err != nil {
		return nil, err
	}
	arn := r.value("PolicyArn")
	switch {
	case !strings.HasPrefix(arn, "arn:"):
		return nil, errInvalidInput("ARN " + arn + " is not valid.")
	case r.account.policyByARN(arn) == nil:
		return nil, errNoPolicy(arn)
	case slices.Contains(g.managed, arn):
		return nil, nil
	case len(g.managed) >= 10:
		return nil, errLimit("Cannot exceed quota for PoliciesPer" + h.word + ": 10")
	}
	g.managed = append(g.managed, arn)
	return nil, nil
}

func (h holderKind) detach(r *request) (any, *apiError) {
	g, _, err := h.find(r)
	if err != nil {
		return nil, err
	}
	arn := r.value("PolicyArn")
	i := slices.Index(g.managed, arn)
	if i < 0 {
		return nil, errNoEntity("Policy " + arn + " was not found.")
	}
	g.managed = slices.Delete(slices.Clone(g.managed), i, i+1)
	return nil, nil
}

func (h holderKind) listAttached(r *request) (any, *apiError) {
	g, _, err := h.find(r)
	if err != nil {
		return nil, err
	}
	shapes := below(r, r.account.attachedShapes(g), func(s attachedShape) string {
		path := s.PolicyArn[strings.Index(s.PolicyArn, ":policy")+len(":policy"):]
		return path[:strings.LastIndexByte(path, '/')+1]
	})
	slices.SortFunc(shapes, func(a, b attachedShape) int { return strings.Compare(a.PolicyArn, b.PolicyArn) })
	shapes, end, err := paginate(r, shapes, func(s attachedShape) string { return s.PolicyArn })
	if err != nil {
		return nil, err
	}
	return struct {
		AttachedPolicies []attachedShape
		page
	}{shapes, end}, nil
}

func (h holderKind) put(r *request) (any, *apiError) {
	g, name, err := h.find(r)
	if err != nil {
		return nil, err
	}
	text := r.value("PolicyDocument")
	if err := malformed(iampolicy.CheckIdentity(text)); err != nil {
		return nil, err
	}
	after := maps.Clone(g.inline)
	after[r.value("PolicyName")] = text
	size := 0
	for _, document := range after {
		size += len(strings.Join(strings.Fields(document), ""))
	}
	if size > h.inlineMax {
		return nil, errLimit(fmt.Sprintf("Maximum policy size of %d bytes exceeded for %s %s", h.inlineMax, strings.ToLower(h.word), name))
	}
	g.inline = after
	return nil, nil
}

// malformed is IAM's refusal of a policy document; nil for a good one.
func malformed(err error) *apiError {
	if err == nil {
		return nil
	}
	return &apiError{Status: 400, Code: "MalformedPolicyDocument", Message: err.Error()}
}

func (h holderKind) errNoInline(policy string) *apiError {
	return errNoEntity("The " + strings.ToLower(h.word) + " policy with name " + policy + " cannot be found.")
}

func (h holderKind) get(r *request) (any, *apiError) {
	g, name, err := h.find(r)
	if err != nil {
		return nil, err
	}
	policy := r.value("PolicyName")
	text, ok := g.inline[policy]
	if !ok {
		return nil, h.errNoInline(policy)
	}
	type named struct{ PolicyName, PolicyDocument string }
	doc := named{policy, documentOnWire(text)}
	switch h.word {
	case "Group":
		return struct {
			GroupName string
			named
		}{name, doc}, nil
	case "Role":
		return struct {
			RoleName string
			named
		}{name, doc}, nil
	}
	return struct {
		UserName string
		named
	}{name, doc}, nil
}

func (h holderKind) delete(r *request) (any, *apiError) {
	g, _, err := h.find(r)
	if err != nil {
		return nil, err
	}
	policy := r.value("PolicyName")
	if _, ok := g.inline[policy]; !ok {
		return nil, h.errNoInline(policy)
	}
	delete(g.inline, policy)
	return nil, nil
}

func (h holderKind) list(r *request) (any, *apiError) {
	g, _, err := h.find(r)
	if err != nil {
		return nil, err
	}
	names, end, err := paginate(r, slices.Sorted(maps.Keys(g.inline)), func(s string) string { return s })
	if err != nil {
		return nil, err
	}
	return struct {
		PolicyNames []string
		page
	}{append([]string{}, names...), end}, nil
}
