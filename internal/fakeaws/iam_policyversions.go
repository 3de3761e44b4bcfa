package fakeaws

import (
	"slices"
	"strconv"
	"time"

	"github.com/keytend/keytend/internal/iampolicy"
)

type versionShape struct {
	Document, VersionId string
	IsDefaultVersion    bool
	CreateDate          time.Time
}

func (v *policyVersion) shape(withDocument bool) versionShape {
	s := versionShape{VersionId: v.id, IsDefaultVersion: v.standard, CreateDate: v.created}
	if withDocument {
		s.Document = documentOnWire(v.document)
	}
	return s
}

// versionShapes has the newest version first.
func (p *policy) versionShapes(withDocuments bool) []versionShape {
	shapes := make([]versionShape, 0, len(p.versions))
	for i := range slices.Backward(p.versions) {
		shapes = append(shapes, p.versions[i].shape(withDocuments))
	}
	return shapes
}

func policyVersionActions() map[string]action {
	both := []string{"PolicyArn", "VersionId"}
	return map[string]action{
		"CreatePolicyVersion":     {do: createPolicyVersion, on: onPolicy, needs: []string{"PolicyArn", "PolicyDocument"}},
		"GetPolicyVersion":        {do: getPolicyVersion, on: onPolicy, needs: both},
		"ListPolicyVersions":      {do: listPolicyVersions, on: onPolicy, needs: []string{"PolicyArn"}},
		"SetDefaultPolicyVersion": {do: setDefaultPolicyVersion, on: onPolicy, needs: both},
		"DeletePolicyVersion":     {do: deletePolicyVersion, on: onPolicy, needs: both},
	}
}

func createPolicyVersion(r *request) (any, *apiError) {
	p, err := r.ownPolicy()
	if err != nil {
		return nil, err
	}
	text := r.value("PolicyDocument")
	if err := malformed(iampolicy.CheckIdentity(text)); err != nil {
		return nil, err
	}
	if len(p.versions) >= 5 {
		return nil, errLimit("A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")
	}
	p.serial++
	p.updated = second(r.now)
	p.versions = append(p.versions, policyVersion{id: "v" + strconv.Itoa(p.serial), document: text, created: p.updated})
	if r.value("SetAsDefault") == "true" {
		p.choose(len(p.versions) - 1)
	}
	shape := p.versions[len(p.versions)-1].shape(false)
	return struct{ PolicyVersion versionShape }{shape}, nil
}

func (p *policy) choose(version int) {
	for i := range p.versions {
		p.versions[i].standard = i == version
	}
}

// version finds the version that VersionId names.
func (r *request) version(p *policy) (int, *apiError) {
	id := r.value("VersionId")
	i := slices.IndexFunc(p.versions, func(v policyVersion) bool { return v.id == id })
	if i < 0 {
		return 0, errNoEntity("Policy " + p.arn + " version " + id + " does not exist or is not attachable.")
	}
	return i, nil
}

func getPolicyVersion(r *request) (any, *apiError) {
	p, err := r.policy()
	if err != nil {
		return nil, err
	}
	i, err := r.version(p)
	if err != nil {
		return nil, err
	}
	return struct{ PolicyVersion versionShape }{p.versions[i].shape(true)}, nil
}

func listPolicyVersions(r *request) (any, *apiError) {
	p, err := r.policy()
	if err != nil {
		return nil, err
	}
	return struct {
		Versions []versionShape
		page
	}{p.versionShapes(false), page{}}, nil
}

func setDefaultPolicyVersion(r *request) (any, *apiError) {
	p, err := r.ownPolicy()
	if err != nil {
		return nil, err
	}
	i, err := r.version(p)
	if err != nil {
		return nil, err
	}
	p.choose(i)
	p.updated = second(r.now)
	return nil, nil
}

func deletePolicyVersion(r *request) (any, *apiError) {
	p, err := r.ownPolicy()
	if err != nil {
		return nil, err
	}
	i, err := r.version(p)
	switch {
	case err != nil:
		return nil, err
	case p.versions[i].standard:
		return nil, errDeleteConflict("Cannot delete the default version of a policy.")
	}
	p.versions = slices.Delete(slices.Clone(p.versions), i, i+1)
	return nil, nil
}
