package locate

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/kubernetes"
)

// Kind is what sort of place a key is in.
type Kind string

// The kinds.
const (
	InFunction   Kind = "lambda"
	InContainer  Kind = "ecs"
	InBuild      Kind = "codebuild"
	InParameter  Kind = "ssm"
	InSecret     Kind = "secretsmanager"
	InUserData   Kind = "ec2"
	InTemplate   Kind = "launch-template"
	InKubernetes Kind = "kubernetes"
	InFile       Kind = "file"
	InHistory    Kind = "git-history"
	InState      Kind = "terraform-state"
	InEnviron    Kind = "environment"
)

// Whose key it is.
type Whose struct{ Account, User string }

// Find is a key in a place.
type Find struct {
	Key    accesskey.ID
	Whose  Whose // zero: nobody's that is known
	Kind   Kind
	In     string // the account that the place is in; empty: in none
	Region string // empty: in none
	Where  string // the function, secret, instance …; path of a file; s3://… of a state
	Part   string // in it: variable, field, profile, address of a resource; empty: not told
	Line   int    // of a file, from 1; 0: not told
	Note   string // what else to know, in words
	ReadBy []string

	// Of a secret or parameter: its ARN, the field that holds the ID and the one
	// that seems to hold the secret, which empty were not told apart.
	ARN                string
	Field, SecretField string
	Encrypted          bool   // a parameter that is a SecureString
	Keeper             string // what else writes it
	Mention            bool   // it says that it holds the key; its value wasn't read
	Stale              bool   // and in its value the key is not
	Format             Format // of a file
	Published          bool   // a version that can't be changed
}

// Format is how a file writes keys down.
type Format string

// The formats that destinations know.
const (
	AsProfile  Format = "profile"  // of an AWS credentials file
	AsVariable Format = "variable" // of a dotenv file
)

// Gap is a place where was not looked.
type Gap struct {
	Where string
	Why   string
	Hint  string // what to do about it; empty: nothing is known
	Call  string // lambda:ListFunctions; empty: none failed
	// Chosen says that nobody asked to look there: it is no failure.
	Chosen bool
}

// Found is what a search came to.
type Found struct {
	Finds  []Find
	Gaps   []Gap
	Looked []string // in words
}

// Search is where to look, and for which keys.
type Search struct {
	Wanted    map[accesskey.ID]Whose
	Strangers bool // tell of every other key's ID too

	Session *awsapi.Session // nil: not in AWS
	Account string          // the session's
	Regions []string
	In      []Kind // of AWS: which services
	UserTag string // of a secret: names the user whose key it holds

	ReadParameters bool // decrypt SecureString parameters
	ReadSecrets    bool // read the values of secrets

	Machine  *Machine // nil: not there
	Folders  []string // and all below them
	History  bool     // of the git repositories in Folders
	States   []string // of Terraform: paths, s3://bucket/key
	Clusters []*kubernetes.Cluster

	AtOnce   int // looks at the same time; at least 1
	Progress func(done, total int, where string)
}

// look is one place, or many of a kind, that can be looked at by itself.
type look struct {
	where string // in words: "Lambda functions in eu-west-1"
	at    func(ctx context.Context) error
}

// hunt is a search that is under way.
type hunt struct {
	Search
	matcher Matcher

	lock       sync.Mutex
	found      Found
	references []reference
	done       int
}

// Run looks everywhere. What can't be looked at is a gap, and never stops the
// rest. It returns what was found when ctx ends, too; the rest is then in the gaps.
func (s Search) Run(ctx context.Context) Found {
	h := &hunt{Search: s, matcher: Matcher{Known: s.Wanted}}
	looks := h.looks()
	var group errgroup.Group
	group.SetLimit(max(1, s.AtOnce))
	for _, l := range looks {
		group.Go(func() error {
			err := ctx.Err()
			if err == nil {
				err = l.at(ctx)
			}
			h.ended(l, err, len(looks))
			return nil
		})
	}
	_ = group.Wait() // no look returns an error
	h.join()
	h.found.Sort()
	return h.found
}

// looks are all there are, the slow ones first.
func (h *hunt) looks() []look {
	var all []look
	if h.Session != nil {
		for _, region := range h.Regions {
			all = append(all, h.inRegion(region)...)
		}
	}
	for _, cluster := range h.Clusters {
		all = append(all, look{"Kubernetes cluster " + cluster.Name, func(ctx context.Context) error { return h.cluster(ctx, cluster) }})
	}
	for _, folder := range h.Folders {
		all = append(all, look{"folder " + folder, func(ctx context.Context) error { return h.folder(ctx, folder) }})
	}
	for _, state := range h.States {
		all = append(all, look{"Terraform state " + state, func(ctx context.Context) error { return h.state(ctx, state) }})
	}
	if h.Machine != nil {
		all = append(all, look{"this computer's AWS files and environment", func(context.Context) error { h.machine(); return nil }})
	}
	return all
}

// inRegion are the looks at AWS's services in a region.
func (h *hunt) inRegion(region string) []look {
	var all []look
	for _, service := range []struct {
		kind Kind
		what string
		at   func(ctx context.Context, region string) error
	}{
		{InUserData, "EC2 user data", h.instances},
		{InTemplate, "EC2 launch templates", h.templates},
		{InContainer, "ECS task definitions", h.containers},
		{InParameter, "SSM parameters", h.parameters},
		{InSecret, "secrets of Secrets Manager", h.secrets},
		{InFunction, "Lambda functions", h.functions},
		{InBuild, "CodeBuild projects", h.builds},
	} {
		if slices.Contains(h.In, service.kind) {
			all = append(all, look{service.what + " in " + region, func(ctx context.Context) error { return service.at(ctx, region) }})
		}
	}
	return all
}

// ended notes how a look ended.
func (h *hunt) ended(l look, err error, total int) {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.done++
	if err != nil {
		h.found.Gaps = append(h.found.Gaps, gapOf(l.where, err))
	} else {
		h.found.Looked = append(h.found.Looked, l.where)
	}
	if h.Progress != nil {
		h.Progress(h.done, total, l.where)
	}
}

// gapOf says why there could not be looked.
func gapOf(where string, err error) Gap {
	f := awsapi.NewFailure("", "", err)
	g := Gap{Where: where, Why: f.Err, Hint: f.Hint, Call: f.Call}
	switch class := awsapi.Class(f.Class); {
	case class == awsapi.DeniedByOrganization:
		g.Why = "barred by a policy of the organization: " + g.Why
	case class == awsapi.Network && f.Call != "":
		g.Why = "no answer; the service may not exist in this region: " + g.Why
	}
	return g
}

// gap notes a place where was not looked.
func (h *hunt) gap(g Gap) {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.found.Gaps = append(h.found.Gaps, g)
}

// search looks for keys in a text, and adds each as found in the place f.
func (h *hunt) search(text accesskey.Secret, f Find) {
	for _, id := range h.keys([]byte(text.Reveal())) {
		f.Key = id
		h.add(f)
	}
}

// keys are those in a text that are asked about, each once.
func (h *hunt) keys(text []byte) []accesskey.ID {
	var ids []accesskey.ID
	for _, id := range h.matcher.IDs(text) {
		if _, wanted := h.Wanted[id]; (wanted || h.Strangers) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (h *hunt) add(f Find) {
	f.Whose = h.Wanted[f.Key]
	if f.Region != "" {
		f.In = h.Account
	}
	h.lock.Lock()
	defer h.lock.Unlock()
	h.found.Finds = append(h.found.Finds, f)
}

// Sort puts everything into an order that is the same every time, what was found
// in one place once.
func (f *Found) Sort() {
	slices.SortFunc(f.Finds, Find.compare)
	f.Finds = slices.CompactFunc(f.Finds, func(a, b Find) bool { return a.compare(b) == 0 })
	slices.SortFunc(f.Gaps, func(a, b Gap) int { return cmp.Or(strings.Compare(a.Where, b.Where), strings.Compare(a.Why, b.Why)) })
	slices.Sort(f.Looked)
}

// compare orders finds by whose key it is, the key, and the place.
func (f Find) compare(g Find) int {
	return cmp.Or(cmp.Compare(f.Whose.Account, g.Whose.Account), cmp.Compare(f.Whose.User, g.Whose.User), cmp.Compare(f.Key, g.Key),
		cmp.Compare(f.In, g.In), cmp.Compare(f.Kind, g.Kind), cmp.Compare(f.Region, g.Region), cmp.Compare(f.Where, g.Where), cmp.Compare(f.Line, g.Line), cmp.Compare(f.Part, g.Part))
}
