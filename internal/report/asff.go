package report

import (
	"io"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// SecurityFinding is a finding in the AWS Security Finding Format, as Security
// Hub's BatchImportFindings takes it.
// https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html
type SecurityFinding struct {
	SchemaVersion         string
	ID                    string `json:"Id"`
	ProductARN            string `json:"ProductArn"`
	ProductName           string `json:",omitempty"`
	CompanyName           string `json:",omitempty"`
	GeneratorID           string `json:"GeneratorId"`
	AccountID             string `json:"AwsAccountId"`
	Types                 []string
	CreatedAt, UpdatedAt  time.Time // UTC, RFC 3339
	LastObservedAt        time.Time
	Severity              SecuritySeverity
	Title, Description    string
	Remediation           *SecurityRemediation `json:",omitempty"`
	ProductFields         map[string]string    `json:",omitempty"`
	Resources             []SecurityResource
	Compliance            *SecurityCompliance `json:",omitempty"`
	RecordState           string
	FindingProviderFields SecurityProviderFields
}

// SecuritySeverity is how bad Security Hub takes a finding to be.
type SecuritySeverity struct {
	Label    string // INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL
	Original string // Keytend's own word
}

// SecurityRemediation says what to do about a finding.
type SecurityRemediation struct {
	Recommendation struct {
		Text string
		URL  string `json:"Url,omitempty"`
	}
}

// SecurityCompliance is the outcome of the controls that a finding is about.
type SecurityCompliance struct {
	Status              string   // PASSED, FAILED
	RelatedRequirements []string `json:",omitempty"` // "CIS AWS 5.0/1.13"
}

// SecurityProviderFields are what a later import may still change of severity
// and types.
type SecurityProviderFields struct {
	Severity SecuritySeverity
	Types    []string
}

// SecurityResource is a key, user or account that a finding is about.
type SecurityResource struct {
	Type      string
	ID        string           `json:"Id"`
	Partition string           `json:",omitempty"`
	Region    string           `json:",omitempty"`
	Details   *SecurityDetails `json:",omitempty"`
}

// SecurityDetails describe a resource; one of them is set.
type SecurityDetails struct {
	Key  *SecurityKey  `json:"AwsIamAccessKey,omitempty"`
	User *SecurityUser `json:"AwsIamUser,omitempty"`
}

// SecurityKey is an access key as Security Hub describes one.
type SecurityKey struct {
	AccessKeyID   accesskey.ID `json:"AccessKeyId"`
	AccountID     string       `json:"AccountId"`
	PrincipalName string
	PrincipalType string     // IAMUser, Root
	Status        string     `json:",omitempty"` // Active, Inactive; empty: another, or not known
	CreatedAt     *time.Time `json:",omitempty"`
}

// SecurityUser is an IAM user as Security Hub describes one.
type SecurityUser struct {
	UserName string
}

// SecurityGenerator begins the generators and IDs of our findings, by which
// they are found again.
const SecurityGenerator = "keytend/"

// Limits of the format, in characters.
const (
	mostTitle       = 256
	mostDescription = 1024
	mostRemedy      = 512
)

var securityLabels = map[policy.Severity]string{
	policy.Info: "INFORMATIONAL", policy.Low: "LOW", policy.Medium: "MEDIUM", policy.High: "HIGH", policy.Critical: "CRITICAL",
}

// ASFF returns a finding as Security Hub of a region takes it, by the default
// product of the finding's own account. Its Id is the same in every scan, so
// that a later one updates it.
func ASFF(f policy.Finding, region string, now time.Time) SecurityFinding {
	partition := partitionOf(f.UserARN)
	severity := SecuritySeverity{Label: securityLabels[f.Severity], Original: f.Severity.String()}
	types := securityTypes(f)
	out := SecurityFinding{
		SchemaVersion: "2018-10-08",
		ID:            SecurityGenerator + clean(f.Identity()),
		ProductARN:    ProductARN(partition, region, f.Account),
		ProductName:   "Keytend", CompanyName: "Keytend",
		GeneratorID: SecurityGenerator + clean(string(f.Rule)),
		AccountID:   clean(f.Account),
		Types:       types,
		CreatedAt:   since(f, now), UpdatedAt: now.UTC(), LastObservedAt: now.UTC(),
		Severity:              severity,
		Title:                 cut(list(": ", clean(string(f.Rule)), f.Rule.Summary()), mostTitle),
		Description:           cut(whose(f)+": "+clean(f.Reason), mostDescription),
		ProductFields:         securityFields(f),
		Resources:             securityResources(f, partition, region),
		RecordState:           "ACTIVE",
		FindingProviderFields: SecurityProviderFields{Severity: severity, Types: types},
	}
	if breaks(f) {
		out.Compliance = &SecurityCompliance{Status: "FAILED", RelatedRequirements: requirements(f, "/")}
	}
	if text := remedy(f.Rule); text != "" {
		out.Remediation = &SecurityRemediation{}
		out.Remediation.Recommendation.Text, out.Remediation.Recommendation.URL = cut(text, mostRemedy), remedyPage(f.Rule)
	}
	return out
}

// ProductARN is an account's own default product in Security Hub.
func ProductARN(partition, region, account string) string {
	return clean("arn:" + partition + ":securityhub:" + region + ":" + account + ":product/" + account + "/default")
}

// Archived returns a finding of an earlier scan as gone.
func (f SecurityFinding) Archived(now time.Time) SecurityFinding {
	f.RecordState, f.UpdatedAt = "ARCHIVED", now.UTC()
	if f.Compliance != nil {
		f.Compliance = &SecurityCompliance{Status: "PASSED", RelatedRequirements: f.Compliance.RelatedRequirements}
	}
	return f
}

// About returns the rule and the user of a finding that ASFF made; false: it
// did not.
func (f SecurityFinding) About() (rule policy.Rule, user string, ok bool) {
	name, ours := strings.CutPrefix(f.GeneratorID, SecurityGenerator)
	identity, too := strings.CutPrefix(f.ID, SecurityGenerator+name+"/"+f.AccountID+"/")
	user, _, split := strings.Cut(identity, "/")
	return policy.Rule(name), user, ours && too && split
}

// since is the moment from which a rule has been broken, as far as that is
// known: it must not move from scan to scan.
func since(f policy.Finding, now time.Time) time.Time {
	switch {
	case !f.Due.IsZero() && f.Due.Before(now):
		return f.Due.UTC()
	case !f.Created.IsZero():
		return f.Created.UTC()
	}
	return now.UTC()
}

// breaks reports whether a finding breaks the controls it names: a key due soon
// names those that it will break.
func breaks(f policy.Finding) bool { return len(f.Controls) > 0 && f.Rule != policy.KeyDueSoon }

func requirements(f policy.Finding, between string) []string {
	var names []string
	for _, c := range f.Controls {
		names = append(names, clean(c.Framework+between+c.ID))
	}
	return names
}

// securityTypes follow AWS's taxonomy.
// https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html
func securityTypes(f policy.Finding) []string {
	if f.Rule == policy.KeyQuarantined {
		return []string{"Effects/Data Exposure"}
	}
	types := []string{"Software and Configuration Checks/AWS Security Best Practices"}
	if breaks(f) {
		types = append(types, "Software and Configuration Checks/Industry and Regulatory Standards/CIS AWS Foundations Benchmark")
	}
	return types
}

func securityFields(f policy.Finding) map[string]string {
	fields := map[string]string{SecurityGenerator + "privileged": yesNo(f.Privileged)}
	if f.Owner != "" {
		fields[SecurityGenerator+"owner"] = cut(clean(f.Owner), mostDescription)
	}
	if !f.Due.IsZero() {
		fields[SecurityGenerator+"due"] = stamp(f.Due)
	}
	return fields
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// securityResources are the key, where its ID is known, and whose it is.
func securityResources(f policy.Finding, partition, region string) []SecurityResource {
	holder := SecurityResource{
		Type: "AwsIamUser", ID: clean(f.UserARN), Partition: partition, Region: clean(region),
		Details: &SecurityDetails{User: &SecurityUser{UserName: clean(f.User)}},
	}
	kind := "IAMUser"
	if f.User == policy.RootUser {
		kind = "Root"
		holder.Type, holder.ID, holder.Details = "AwsAccount", "AWS::::Account:"+clean(f.Account), nil
	}
	if f.KeyID == "" {
		return []SecurityResource{holder}
	}
	key := &SecurityKey{
		AccessKeyID: accesskey.ID(clean(string(f.KeyID))), AccountID: clean(f.Account),
		PrincipalName: clean(f.User), PrincipalType: kind, Status: statusSeen(f), CreatedAt: timeOrNull(f.Created),
	}
	return []SecurityResource{{
		Type: "AwsIamAccessKey", ID: "AWS::IAM::AccessKey:" + clean(string(f.KeyID)), Partition: partition, Region: clean(region),
		Details: &SecurityDetails{Key: key},
	}, holder}
}

// statusSeen is the status that a finding rests on, where Security Hub knows it.
func statusSeen(f policy.Finding) string {
	for _, e := range f.Evidence {
		if e.Fact == "status" && (e.Value == string(accesskey.Active) || e.Value == string(accesskey.Inactive)) {
			return e.Value
		}
	}
	return ""
}

// partitionOf reads a partition out of an ARN; empty: it isn't one.
func partitionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 3)
	if len(parts) == 3 && (parts[1] == "aws" || parts[1] == "aws-cn" || parts[1] == "aws-us-gov") {
		return parts[1]
	}
	return "aws"
}

// cut shortens text to so many characters.
func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// asffEmitter writes a JSON array, a finding a line: what
// `aws securityhub batch-import-findings --findings` takes, a hundred at a time.
type asffEmitter struct {
	w       io.Writer
	region  string
	now     time.Time
	written int
}

func (e *asffEmitter) begin(now time.Time, _ policy.Rules) error {
	e.now = now
	_, err := io.WriteString(e.w, "[")
	return err
}

func (e *asffEmitter) account(accesskey.Inventory, []policy.Finding, policy.Rules, time.Time) error {
	return nil
}

func (e *asffEmitter) finding(f policy.Finding) error {
	data, err := marshal(ASFF(f, e.region, e.now))
	if err != nil {
		return err
	}
	lead := ",\n"
	if e.written == 0 {
		lead = "\n"
	}
	e.written++
	_, err = io.WriteString(e.w, lead+string(data))
	return err
}

func (e *asffEmitter) end(rest) error {
	_, err := io.WriteString(e.w, "\n]\n")
	return err
}
