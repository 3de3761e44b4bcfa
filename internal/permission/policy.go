package permission

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Scope says on what a policy is to hold. The zero Scope is every user and
// store of an account, and a role named keytend.
type Scope struct {
	Partition  string   // "aws", "aws-us-gov", "aws-cn"; empty: "aws"
	Path       string   // users below this path alone: "/apps/"; empty: all
	Tag        string   // users that carry this tag alone: "keytend=managed"; empty: all
	Secrets    []string // names or patterns; none: all
	Parameters []string // full names or patterns; none: all
	KMSKeys    []string // ARNs of the keys that stores are encrypted with; none: all, by way of those stores
	EscrowKey  string   // ARN; empty: any
	Self       string   // what Keytend runs as: "role/keytend", "user/ops/keytend"; empty: "role/keytend"
	MemberRole string   // name of the role in each account; empty: that of Self
	ExternalID string   // what the roles ask for unless a template is told otherwise; empty: none

	// Roles are names of roles in each account for kinds that have one of their
	// own; the others are MemberRole's.
	Roles map[Kind]string
}

// Check returns an error for what IAM could not read as it is meant.
func (s Scope) Check() error {
	var errs []error
	if s.Path != "" && (!strings.HasPrefix(s.Path, "/") || !strings.HasSuffix(s.Path, "/")) {
		errs = append(errs, fmt.Errorf("path %q: want it to begin and end with a slash, such as /apps/", s.Path))
	}
	if key, _, pair := strings.Cut(s.Tag, "="); s.Tag != "" && (!pair || key == "") {
		errs = append(errs, fmt.Errorf("tag %q: want KEY=VALUE", s.Tag))
	}
	if !strings.HasPrefix(s.self(), "role/") && !strings.HasPrefix(s.self(), "user/") {
		errs = append(errs, fmt.Errorf("%q: want role/NAME or user/NAME", s.Self))
	}
	if !slices.Contains([]string{"aws", "aws-us-gov", "aws-cn"}, s.partition()) {
		errs = append(errs, fmt.Errorf("partition %q: want aws, aws-us-gov or aws-cn", s.Partition))
	}
	for k, name := range s.Roles {
		if !slices.Contains(Kinds(), k) || name == "" {
			errs = append(errs, fmt.Errorf("role %q for %q: want KIND=NAME, with a kind of %v", name, k, Kinds()))
		}
	}
	return errors.Join(errs...)
}

// role is the name of the role in each account that does what is of a kind.
func (s Scope) role(k Kind) string { return cmp.Or(s.Roles[k], s.memberRole()) }

// rolesFor are the ARNs of the roles that do what is of these kinds.
func (s Scope) rolesFor(kinds ...Kind) []string {
	var out []string
	for _, k := range kinds {
		if arn := s.arn("iam::*:role/" + s.role(k)); !slices.Contains(out, arn) {
			out = append(out, arn)
		}
	}
	return out
}

func (s Scope) partition() string { return cmp.Or(s.Partition, "aws") }
func (s Scope) self() string      { return cmp.Or(s.Self, "role/keytend") }

func (s Scope) memberRole() string {
	return cmp.Or(s.MemberRole, s.self()[strings.LastIndexByte(s.self(), '/')+1:])
}

func (s Scope) arn(rest string) string { return "arn:" + s.partition() + ":" + rest }

// Statement is one statement of a policy, its lists sorted.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`

	on   target
	kind Kind
}

// Document is an IAM policy.
type Document struct {
	Version   string
	Statement []Statement
}

// JSON is the document as IAM takes it, indented.
func (d Document) JSON() string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(d) // strings alone
	return strings.TrimRight(b.String(), "\n")
}

// Policy is the least policy for the needs.
func Policy(all []Need, s Scope) Document {
	d := Document{Version: "2012-10-17"}
	for _, n := range all {
		st := s.statement(n)
		i, sid := -1, st.Sid
		for number := 2; ; number++ {
			i = slices.IndexFunc(d.Statement, func(other Statement) bool { return other.Sid == st.Sid })
			if i < 0 || reflect.DeepEqual(d.Statement[i].Condition, st.Condition) {
				break
			}
			st.Sid = sid + strconv.Itoa(number) // other tags may be written by this action
		}
		if i < 0 {
			d.Statement = append(d.Statement, st)
		} else if !slices.Contains(d.Statement[i].Action, n.Action) {
			d.Statement[i].Action = append(d.Statement[i].Action, n.Action)
		}
	}
	slices.SortStableFunc(d.Statement, func(a, b Statement) int { return cmp.Compare(a.Sid, b.Sid) })
	return d
}

// ByKind is one policy for each kind that the needs have, the harmless first.
func ByKind(all []Need, s Scope) map[Kind]Document {
	out := map[Kind]Document{}
	for _, k := range Kinds() {
		if of := OfKind(all, k); len(of) > 0 {
			out[k] = Policy(of, s)
		}
	}
	return out
}

// OfKind are those of the needs that are of one kind.
func OfKind(all []Need, k Kind) []Need {
	return slices.DeleteFunc(slices.Clone(all), func(n Need) bool { return n.Kind != k })
}

// Kinds are all there are, the harmless first.
func Kinds() []Kind { return []Kind{Read, Enter, Deliver, Watch, Create, Deactivate, Delete} }

// statement is one action with what it is allowed on. Actions of one Sid share
// everything else.
func (s Scope) statement(n Need) Statement {
	st := Statement{Sid: "Keytend" + title(string(n.Kind)) + sids[n.on], Effect: "Allow", Action: []string{n.Action}, Resource: s.resources(n), on: n.on, kind: n.Kind}
	st.Condition = s.conditions(n)
	switch {
	case len(n.only) > 0:
		st.Sid += "Tags"
	case n.on == ourselves && n.Action == "iam:GetRole":
		st.Sid += "Role"
	}
	return st
}

func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

var sids = map[target]string{
	anything: "", users: "Users", ourselves: "Itself", members: "Accounts", secrets: "Secrets", parameters: "Parameters",
	states: "States", shelves: "Buckets", roots: "Roots", escrowKey: "Escrow", storeKeys: "Encryption", topics: "Topics", buses: "Buses",
	metrics: "Metrics", rules: "Rules", alarms: "Alarms", eventRules: "EventRules", ownTopic: "Topic", functions: "Functions",
}

func (s Scope) resources(n Need) []string {
	switch n.on {
	case users:
		return []string{s.arn("iam::*:user" + cmp.Or(s.Path, "/") + "*")}
	case ourselves:
		if len(s.Roles) > 0 {
			return s.rolesFor(Create, Deactivate, Delete)
		}
		return []string{s.arn("iam::*:" + s.self())}
	case members:
		return s.rolesFor(Read, Deliver, Create, Deactivate, Delete)
	case secrets:
		return s.each("secretsmanager:*:*:secret:", s.Secrets)
	case parameters:
		var names []string
		for _, name := range s.Parameters {
			names = append(names, strings.TrimPrefix(name, "/"))
		}
		return s.each("ssm:*:*:parameter/", names)
	case states:
		return []string{s.arn("s3:::*/*")}
	case shelves:
		return []string{s.arn("s3:::*")}
	case roots:
		return []string{s.arn("iam::*:root")}
	case topics:
		return []string{s.arn("sns:*:*:*")}
	case buses:
		return []string{s.arn("events:*:*:event-bus/*")}
	case rules:
		return []string{s.arn("config:*:*:config-rule/*")} // an ID that AWS chooses, without any name
	case alarms:
		return []string{s.arn("cloudwatch:*:*:alarm:keytend-*")}
	case eventRules:
		return []string{s.arn("events:*:*:rule/keytend-*")}
	case ownTopic:
		return []string{s.arn("sns:*:*:keytend")}
	case functions:
		return []string{s.arn("lambda:*:*:function:keytend-rotation")}
	case escrowKey:
		return []string{cmp.Or(s.EscrowKey, s.arn("kms:*:*:key/*"))}
	case storeKeys:
		if len(s.KMSKeys) > 0 {
			return s.KMSKeys
		}
		return []string{s.arn("kms:*:*:key/*")}
	}
	return []string{"*"}
}

// each is an ARN for every name. A secret's ARN ends in six characters that
// Secrets Manager chooses.
func (s Scope) each(prefix string, names []string) []string {
	if len(names) == 0 {
		return []string{s.arn(prefix + "*")}
	}
	var out []string
	for _, name := range names {
		if strings.HasPrefix(prefix, "secretsmanager") && !strings.HasSuffix(name, "*") {
			name += "-??????"
		}
		out = append(out, s.arn(prefix+name))
	}
	return out
}

// conditions keep an action to the users that Keytend is for, to the tags that
// it writes, and KMS to the stores that it writes to.
func (s Scope) conditions(n Need) map[string]map[string][]string {
	out := map[string]map[string][]string{}
	if key, value, pair := strings.Cut(s.Tag, "="); pair && n.on == users && n.Kind != Read {
		out["StringEquals"] = map[string][]string{"aws:ResourceTag/" + key: {value}}
	}
	if len(n.only) > 0 {
		out["ForAllValues:StringLike"] = map[string][]string{"aws:TagKeys": n.only}
	}
	switch n.on {
	case storeKeys:
		out["StringLike"] = map[string][]string{"kms:ViaService": {"secretsmanager.*.amazonaws.com", "ssm.*.amazonaws.com"}}
	case metrics:
		out["StringEquals"] = map[string][]string{"cloudwatch:namespace": {"Keytend"}}
	case escrowKey:
		out["ForAllValues:StringEquals"] = map[string][]string{"kms:EncryptionContextKeys": {"keytend:purpose"}}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
