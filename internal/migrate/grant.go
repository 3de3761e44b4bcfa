package migrate

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/iampolicy"
)

// Holder is a key's user and what it may do now.
type Holder struct {
	Name      string
	ID        string // AIDA…
	ARN       string
	Account   string
	Partition string
	Policies  []iampolicy.NamedDocument // its own and its groups'
	Boundary  *iampolicy.NamedDocument  // nil: none
}

// Allowance is one statement of a role's policy.
type Allowance struct {
	Effect       iampolicy.Effect
	Actions      []string // sorted
	Resources    []string // sorted; none: NotResources
	NotResources []string
	Conditions   []iampolicy.Condition
}

// Grant is what a role may do in the place of a user: what was seen used, where
// the user may do it now, and nothing else.
type Grant struct {
	Statements []Allowance
	Boundary   string // ARN, the user's own; empty: none
	Actions    []string
	Kept       []Kept   // the user's rights now, and what becomes of each
	Failed     []string // actions that were tried and never succeeded
	Elsewhere  []string // actions that worked though no policy of the user's allows them: a resource's own policy does
	Notes      []string // sentences
}

// Kept is one permission of the user's and what of it the role has.
type Kept struct {
	Policy  string   // "inline policy app of user ana"
	Allows  string   // "s3:* on *"
	Actions []string // of those used; none: nothing of it is carried over
}

// needing is an action with the resources that calls named; nil: not told.
type needing map[string][]string

// Grant works out what a role needs for what was seen.
func (h Holder) Grant(seen []Seen) Grant {
	needs, g := h.needs(seen)
	h.addPassRole(needs, &g)
	w := &weaver{holder: h, grant: &g, keys: h.keys()}
	for _, action := range slices.Sorted(maps.Keys(needs)) {
		w.allow(action, needs[action])
	}
	w.deny()
	g.Statements = woven(w.pieces)
	for _, s := range g.Statements {
		if s.Effect == iampolicy.Allow {
			g.Actions = append(g.Actions, s.Actions...)
		}
	}
	slices.Sort(g.Actions)
	g.Actions = slices.Compact(g.Actions)
	g.Kept = h.kept(g.Actions)
	if h.Boundary != nil {
		g.Boundary = h.Boundary.ARN
	}
	return g
}

// needs are the actions of the calls that succeeded.
func (h Holder) needs(seen []Seen) (needing, Grant) {
	needs, whole, tried := needing{}, map[string]bool{}, map[string]bool{}
	var g Grant
	for _, s := range seen {
		if s.Place.From == FromService {
			continue // the service's doing: it needs what it was asked to do it for
		}
		actions, why := Actions(s.Source, s.Name)
		if len(actions) == 0 && why != "" && s.Name != "GetCallerIdentity" {
			g.note(s.Name + ": " + why + ".")
		}
		for _, a := range actions {
			if !actionForm.MatchString(a) {
				g.note(fmt.Sprintf("Nothing is granted for %q, which was seen: it is no name of an action.", a))
				continue
			}
			if s.Succeeded() == 0 {
				tried[a] = true
				continue
			}
			found := narrow(a, s.Resources)
			if s.More || len(found) == 0 {
				whole[a] = true
			}
			needs[a] = append(needs[a], found...)
			g.crowd(a, s.Resources)
		}
	}
	for a, resources := range needs {
		slices.Sort(resources)
		needs[a] = slices.Compact(resources)
		if whole[a] {
			needs[a] = nil
		}
	}
	if len(whole) > 0 {
		g.note("No event names on what these were called, so that the user's own resources stand, * among them: " + strings.Join(slices.Sorted(maps.Keys(whole)), " ") + ". Narrow them to what the program needs.")
	}
	for _, a := range slices.Sorted(maps.Keys(tried)) {
		if _, needed := needs[a]; !needed {
			g.Failed = append(g.Failed, a)
		}
	}
	return needs, g
}

// actionForm is one action and no pattern: a log file says what it likes, and what
// is denied of sqs:DeleteQueue is not denied of sqs:*.
var actionForm = regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9]+$`)

// crowd says where resources were so many that a pattern stands for them.
func (g *Grant) crowd(action string, resources []string) {
	for _, arn := range resources {
		if strings.HasSuffix(arn, "*") {
			g.note("More were named for " + action + " than are told apart: " + arn + " stands for them, as far as the user may now.")
		}
	}
}

func (g *Grant) note(text string) {
	if !slices.Contains(g.Notes, text) {
		g.Notes = append(g.Notes, text)
	}
}

// narrowable are the services whose actions take the ARNs that their events name.
var narrowable = map[string]bool{"s3": true, "kms": true, "secretsmanager": true, "dynamodb": true, "lambda": true, "sns": true, "sqs": true, "sts": true}

// anew are the actions that name something and are asked of something else: what
// creates has another name the next time, what lists is asked of all.
// https://docs.aws.amazon.com/service-authorization/latest/reference/
var anew = regexp.MustCompile(`:(Create|List)|:.*(Alias|EventSourceMapping)`)

// ofObjects are the actions of S3 that are asked of objects, not of their bucket.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
var ofObjects = regexp.MustCompile(`^s3:(Abort|ListMultipartUploadParts|[A-Z][a-z]+(Object|LegalHold))`)

// narrow are the resources that an action on them asks for. Objects of a bucket
// come and go: an action on one is taken for one on all of the bucket.
func narrow(action string, resources []string) []string {
	service, _, _ := strings.Cut(action, ":")
	if !narrowable[service] || action == "s3:ListAllMyBuckets" || service != "s3" && anew.MatchString(action) {
		return nil
	}
	var out []string
	for _, arn := range resources {
		parts := strings.SplitN(arn, ":", 6)
		if len(parts) != 6 || parts[2] != service && (service != "sts" || parts[2] != "iam") {
			continue
		}
		switch {
		case service == "s3":
			arn = ofBucket(action, parts)
		case service == "lambda" && !strings.HasSuffix(arn, "*"):
			out = append(out, arn+":*") // its versions and aliases
		}
		out = append(out, arn)
	}
	return out
}

func ofBucket(action string, parts []string) string {
	bucket, _, _ := strings.Cut(parts[5], "/")
	arn := strings.Join(append(parts[:5:5], bucket), ":")
	if ofObjects.MatchString(action) {
		arn += "/*"
	}
	return arn
}

// addPassRole: of a role handed to a service CloudTrail has no event, so that
// whoever does what hands one over keeps the right to, as far as it goes now.
func (h Holder) addPassRole(needs needing, g *Grant) {
	for action := range needs {
		if passers[action] && h.mentions("iam:PassRole") {
			needs["iam:PassRole"] = nil
			g.note("iam:PassRole is kept as it is now: handing a role to a service leaves no event of its own. Narrow it to the roles that are handed over.")
			return
		}
	}
}

func (h Holder) mentions(action string) bool {
	return slices.ContainsFunc(h.Policies, func(d iampolicy.NamedDocument) bool {
		return slices.ContainsFunc(d.Document.Statements, func(s iampolicy.Statement) bool {
			return s.Effect == iampolicy.Allow && s.CoversAction(action)
		})
	})
}

// keys are the condition keys that are known of the user's own requests.
func (h Holder) keys() map[string][]string {
	return map[string][]string{
		"aws:username": {h.Name}, "aws:userid": {h.ID}, "aws:PrincipalArn": {h.ARN}, "aws:PrincipalType": {"User"}, "aws:PrincipalAccount": {h.Account},
	}
}

// kept says of each permission of the user's what the role has of it.
func (h Holder) kept(used []string) []Kept {
	var out []Kept
	for _, d := range h.Policies {
		for i := range d.Document.Statements {
			s := &d.Document.Statements[i]
			if s.Effect != iampolicy.Allow {
				continue
			}
			k := Kept{Policy: d.Name, Allows: allows(s)}
			for _, a := range used {
				if s.CoversAction(a) {
					k.Actions = append(k.Actions, a)
				}
			}
			out = append(out, k)
		}
	}
	return out
}

func allows(s *iampolicy.Statement) string {
	what, where := strings.Join(s.Actions, ", "), strings.Join(s.Resources, ", ")
	if len(s.NotActions) > 0 {
		what = "everything but " + strings.Join(s.NotActions, ", ")
	}
	if len(s.NotResources) > 0 {
		where = "everything but " + strings.Join(s.NotResources, ", ")
	}
	text := what + " on " + where
	if len(s.Conditions) > 0 {
		text += ", under conditions"
	}
	return text
}
