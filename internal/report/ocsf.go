package report

import (
	"io"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// ocsfVersion is the version of the Open Cybersecurity Schema Framework that
// events are written by: the first with compliance.checks. Nothing that we
// write was taken away up to 1.8. https://schema.ocsf.io/1.5.0
const ocsfVersion = "1.5.0"

// A finding that breaks a control is a Compliance Finding, whose controls are
// its point; one that no framework asks about is a Detection Finding. IAM
// Analysis Finding would want the results of a permission analysis.
const (
	findingsCategory  = 2
	complianceFinding = 2003
	detectionFinding  = 2004
)

type (
	ocsfEvent struct {
		CategoryUID  int             `json:"category_uid"`
		CategoryName string          `json:"category_name"`
		ClassUID     int             `json:"class_uid"`
		ClassName    string          `json:"class_name"`
		ActivityID   int             `json:"activity_id"`
		ActivityName string          `json:"activity_name"`
		TypeUID      int             `json:"type_uid"`
		TypeName     string          `json:"type_name"`
		Time         int64           `json:"time"` // milliseconds since 1970, as all times
		SeverityID   int             `json:"severity_id"`
		Severity     string          `json:"severity"`
		StatusID     int             `json:"status_id"`
		Status       string          `json:"status"`
		Message      string          `json:"message"`
		Metadata     ocsfMetadata    `json:"metadata"`
		Cloud        ocsfCloud       `json:"cloud"`
		FindingInfo  ocsfInfo        `json:"finding_info"`
		Compliance   *ocsfCompliance `json:"compliance,omitempty"`
		Resources    []ocsfResource  `json:"resources"`
		Remediation  *ocsfRemedy     `json:"remediation,omitempty"`
		Unmapped     map[string]any  `json:"unmapped,omitempty"`
	}
	ocsfMetadata struct {
		Version  string      `json:"version"`
		Profiles []string    `json:"profiles"`
		Product  ocsfProduct `json:"product"`
	}
	ocsfProduct struct {
		Name       string `json:"name"`
		VendorName string `json:"vendor_name"`
		Version    string `json:"version,omitempty"`
	}
	ocsfCloud struct {
		Provider string      `json:"provider"`
		Account  ocsfAccount `json:"account"`
	}
	ocsfAccount struct {
		UID    string `json:"uid"`
		TypeID int    `json:"type_id"`
		Type   string `json:"type"`
	}
	ocsfInfo struct {
		UID          string       `json:"uid"`
		Title        string       `json:"title"`
		Desc         string       `json:"desc"`
		Types        []string     `json:"types"`
		CreatedTime  int64        `json:"created_time"`
		LastSeenTime int64        `json:"last_seen_time"`
		Analytic     ocsfAnalytic `json:"analytic"`
	}
	ocsfAnalytic struct {
		UID    string `json:"uid"`
		Name   string `json:"name"`
		TypeID int    `json:"type_id"`
		Type   string `json:"type"`
	}
	ocsfCompliance struct {
		Standards    []string    `json:"standards"`
		Requirements []string    `json:"requirements"`
		Control      string      `json:"control"`
		Checks       []ocsfCheck `json:"checks"`
		StatusID     int         `json:"status_id"`
		Status       string      `json:"status"`
	}
	ocsfCheck struct {
		UID       string   `json:"uid"`
		Standards []string `json:"standards"`
		StatusID  int      `json:"status_id"`
		Status    string   `json:"status"`
	}
	ocsfResource struct {
		UID       string     `json:"uid"`
		Name      string     `json:"name,omitempty"`
		Type      string     `json:"type"`
		Partition string     `json:"cloud_partition"`
		Owner     *ocsfOwner `json:"owner,omitempty"`
	}
	ocsfOwner struct {
		Name string `json:"name"`
	}
	ocsfRemedy struct {
		Desc       string   `json:"desc"`
		References []string `json:"references"`
	}
)

var ocsfSeverities = map[policy.Severity]struct {
	id   int
	name string
}{
	policy.Info: {1, "Informational"}, policy.Low: {2, "Low"}, policy.Medium: {3, "Medium"}, policy.High: {4, "High"}, policy.Critical: {5, "Critical"},
}

// ocsfOf is a finding as an event that creates it, which a consumer that knows
// the finding's uid already takes for its latest state.
func ocsfOf(f policy.Finding, version string, now time.Time) ocsfEvent {
	partition := partitionOf(f.UserARN)
	severity := ocsfSeverities[f.Severity]
	event := ocsfEvent{
		CategoryUID: findingsCategory, CategoryName: "Findings", ActivityID: 1, ActivityName: "Create",
		ClassUID: detectionFinding, ClassName: "Detection Finding",
		Time: now.UnixMilli(), SeverityID: severity.id, Severity: severity.name, StatusID: 1, Status: "New",
		Message: whose(f) + ": " + clean(f.Reason),
		Metadata: ocsfMetadata{
			Version: ocsfVersion, Profiles: []string{"cloud"},
			Product: ocsfProduct{Name: "Keytend", VendorName: "Keytend", Version: version},
		},
		Cloud: ocsfCloud{Provider: "AWS", Account: ocsfAccount{UID: clean(f.Account), TypeID: 10, Type: "AWS Account"}},
		FindingInfo: ocsfInfo{
			UID: clean(f.Identity()), Title: list(": ", clean(string(f.Rule)), f.Rule.Summary()), Desc: clean(f.Reason), Types: securityTypes(f),
			CreatedTime: since(f, now).UnixMilli(), LastSeenTime: now.UnixMilli(),
			Analytic: ocsfAnalytic{UID: clean(string(f.Rule)), Name: clean(string(f.Rule)), TypeID: 1, Type: "Rule"},
		},
		Resources: ocsfResources(f, partition),
		Unmapped:  map[string]any{"due": timeOrNull(f.Due), "privileged": f.Privileged, "evidence": ocsfEvidence(f.Evidence)},
	}
	if breaks(f) {
		event.ClassUID, event.ClassName = complianceFinding, "Compliance Finding"
		event.Compliance = ocsfControls(f)
	}
	event.TypeUID, event.TypeName = event.ClassUID*100+event.ActivityID, event.ClassName+": Create"
	if text := remedy(f.Rule); text != "" {
		event.Remediation = &ocsfRemedy{Desc: text, References: []string{remedyPage(f.Rule)}}
	}
	return event
}

func ocsfControls(f policy.Finding) *ocsfCompliance {
	out := &ocsfCompliance{Requirements: requirements(f, " "), StatusID: 3, Status: "Fail"}
	out.Control = out.Requirements[0]
	for _, c := range f.Controls {
		standard := clean(c.Framework)
		out.Standards = append(out.Standards, standard)
		out.Checks = append(out.Checks, ocsfCheck{UID: clean(c.ID), Standards: []string{standard}, StatusID: 3, Status: "Fail"})
	}
	return out
}

func ocsfResources(f policy.Finding, partition string) []ocsfResource {
	holder := ocsfResource{UID: clean(f.UserARN), Name: clean(f.User), Type: "AWS::IAM::User", Partition: partition}
	if f.User == policy.RootUser {
		holder.Type = "AWS::::Account"
	}
	if f.Owner != "" {
		holder.Owner = &ocsfOwner{Name: clean(f.Owner)}
	}
	if f.KeyID == "" {
		return []ocsfResource{holder}
	}
	key := ocsfResource{UID: clean(string(f.KeyID)), Type: "AWS::IAM::AccessKey", Partition: partition, Owner: holder.Owner}
	return []ocsfResource{key, holder}
}

func ocsfEvidence(facts []policy.Evidence) []EvidenceRecord {
	recs := recordEvidence(facts)
	for i := range recs {
		recs[i].Fact, recs[i].Value, recs[i].Source = clean(recs[i].Fact), clean(recs[i].Value), clean(recs[i].Source)
	}
	return recs
}

// ocsfEmitter writes one event a line.
type ocsfEmitter struct {
	w       io.Writer
	version string
	now     time.Time
}

func (e *ocsfEmitter) begin(now time.Time, _ policy.Rules) error {
	e.now = now
	return nil
}

func (e *ocsfEmitter) account(accesskey.Inventory, []policy.Finding, policy.Rules, time.Time) error {
	return nil
}

func (e *ocsfEmitter) finding(f policy.Finding) error {
	data, err := marshal(ocsfOf(f, strings.TrimPrefix(e.version, "v"), e.now))
	if err != nil {
		return err
	}
	_, err = e.w.Write(append(data, '\n'))
	return err
}

func (e *ocsfEmitter) end(rest) error { return nil }
