package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
)

// Migration is the way of one workload from a key to a role.
type Migration struct {
	Holder         Holder
	Part           Part
	Recommendation Recommendation
	RoleName       string
	Grant          Grant
	Trust          Trust
	Missing        []Question // unanswered: there is no Terraform until they are
	Notes          []string   // sentences about the role as it is now
	Answers        Answers
	Around         Surroundings
	Window         Window
}

// Window is what was looked through.
type Window struct {
	Text string // "2026-08-25 to 2026-11-23"
	// Data says that data events were among it: reads of objects, messages, items.
	Data   bool
	Unread []string // what could not be read, a phrase each
	Lacks  []string // what a source that was read can't have, a sentence each
}

// Unseen says what the window can't have seen.
func (w Window) Unseen() []string {
	var out []string
	if !w.Data {
		out = append(out, "Data events are not in it: reads and writes of S3 objects, DynamoDB items, SQS and SNS messages, Lambda invocations. Where the program does such things, add their actions yourself, as narrow as the user's are now.")
	} else {
		out = append(out, "Data events are in it only of those buckets, tables, queues and functions that the trail's selectors name.")
	}
	for _, u := range w.Unread {
		out = append(out, "Not read: "+u+".")
	}
	out = append(out, w.Lacks...)
	return append(out, "What happens less often than the window is long (yearly jobs, recovery) is not in it either.")
}

// Plan works out the way of one workload. The role's name tells the workload where
// the key has several; externalID makes the external ID of a role of that name. An
// error says which answer can't be right.
func Plan(h Holder, p Part, several bool, s Surroundings, a Answers, w Window, externalID func(role string) string) (Migration, error) {
	r := Recommend(p.Workload, s)
	m := Migration{Holder: h, Part: p, Recommendation: r, RoleName: roleName(h.Name, p.Workload, several), Answers: a, Around: s, Window: w}
	if err := errors.Join(a.Check(r), a.CheckAccount(r, s.Account)); err != nil {
		return m, err
	}
	m.Grant = h.Grant(p.Seen)
	m.Missing = a.Missing(r)
	if r.Role && len(m.Missing) == 0 {
		m.Trust = s.Trust(r, a, func() string { return externalID(m.RoleName) })
	}
	return m, nil
}

// Ready reports whether Terraform can be written.
func (m Migration) Ready() bool {
	return len(m.Missing) == 0 && (m.Recommendation.Role || m.Part.Workload == Human)
}

// RoleARN is the ARN that the role will have; empty where it is none of Terraform
// here.
func (m Migration) RoleARN() string {
	if !m.Recommendation.Role {
		return ""
	}
	return "arn:" + m.Around.Partition + ":iam::" + m.Around.Account + ":role/" + m.RoleName
}

// ReplacesTag is the tag of a role whose value is the unique ID of the user whose
// keys it was made for. A name proves nothing: another's role may have it, and users'
// names are given again.
const ReplacesTag = "keytend:replaces"

// Tags are those of the role.
func (m Migration) Tags() map[string]string { return map[string]string{ReplacesTag: m.Holder.ID} }

// roleName is at most 64 characters, as IAM has it. Of a longer one the mark tells
// users apart whose names begin alike.
func roleName(user string, w Workload, several bool) string {
	end := "-role"
	if several {
		end = "-" + string(w)
	}
	if len(user+end) <= 64 {
		return user + end
	}
	end = "-" + mark(user) + end
	return user[:64-len(end)] + end
}

// mark tells names apart whose letters alone don't.
func mark(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:3])
}

var notLabel = regexp.MustCompile(`[^a-z0-9_]+`)

// asItIs matches names that stay apart as labels: IAM takes no two that differ in
// case alone.
var asItIs = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// roleLabel is a role's name in Terraform: of a.b another than of a-b, in whose folder
// both may be.
func roleLabel(role string) string {
	if asItIs.MatchString(role) {
		return label(role)
	}
	return label(role) + "_" + mark(role)
}

// label is a name of Terraform's.
func label(text string) string {
	text = strings.Trim(notLabel.ReplaceAllString(strings.ToLower(text), "_"), "_")
	if text == "" || text[0] >= '0' && text[0] <= '9' {
		text = "role_" + text
	}
	return text
}
