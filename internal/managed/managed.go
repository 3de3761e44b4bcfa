// Package managed finds out who else manages a key: Terraform or OpenTofu, as
// their state says, or a stack of CloudFormation. Who replaces such a key by
// other means has it made anew at the next apply, or finds the old one in use
// again; so it is left alone until it was handed over, and the package says how.
//
// It changes nothing, neither state nor stack. Of a state it keeps IDs, users
// and addresses of access keys; the secret that stands beside them is passed
// over. What can't be read is an error, never "nobody".
package managed

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Owner is who manages a key.
type Owner struct {
	Program string // Terraform, CloudFormation
	Address string // module.billing.aws_iam_access_key.this["a"]; the logical ID in a stack
	Where   string // path or s3://bucket/key of a state; name of a stack and its region

	whole  string // the resource's address without an instance's key
	single bool   // it has no other instance
}

// String names the owner in one phrase: "Terraform, aws_iam_access_key.billing in
// s3://example-states/billing.tfstate".
func (o Owner) String() string { return o.Program + ", " + o.Address + " in " + o.Where }

// Objects reads S3; awsapi.Session does.
type Objects interface {
	// Object hands an object to read, perhaps more than once, each time from its
	// beginning.
	Object(ctx context.Context, bucket, key string, read func(io.Reader) error) error
}

// Stacks asks CloudFormation; awsapi.Session does.
type Stacks interface {
	// StackThatMade returns the stack of a region that made a key, and its logical
	// ID there; both empty: none did.
	StackThatMade(ctx context.Context, region string, key accesskey.ID) (stack, logicalID string, err error)
	// EnabledRegions returns the regions that the account can use.
	EnabledRegions(ctx context.Context) ([]string, error)
	// AnyStack reports whether a region has any stack, and whether a policy of the
	// organization bars us from finding out.
	AnyStack(ctx context.Context, region string) (any, barred bool, err error)
}

// Sources are where to look. The zero value knows nobody. States are paths, or
// s3://bucket/key.
type Sources accesskey.Elsewhere

// Check finds what can't be meant, without reading anything.
func (s Sources) Check() error {
	for _, state := range s.States {
		if _, err := parseState(state); err != nil {
			return err
		}
	}
	return nil
}

// Any reports whether there is anywhere to look.
func (s Sources) Any() bool { return accesskey.Elsewhere(s).Any() }

// fresh is how long a state counts that was read: a pass over many keys reads it
// once, one of tomorrow reads it again.
const fresh = time.Minute

// Registry answers for keys. It is safe for concurrent use.
type Registry struct {
	sources Sources
	objects Objects
	stacks  Stacks
	now     func() time.Time

	lock   sync.Mutex
	owners map[accesskey.ID]Owner
	read   time.Time // when the states were; zero: never

	regionsLock sync.Mutex // held while they are asked for: others wait for that very answer
	regions     []string   // that have stacks; nil: not asked yet
	barred      []string   // that an organization's policy keeps us from
}

// New returns a registry. It reads nothing yet. Objects and stacks may be nil
// where no source needs them.
func New(s Sources, objects Objects, stacks Stacks, now func() time.Time) *Registry {
	return &Registry{sources: s, objects: objects, stacks: stacks, now: now}
}

// Of returns who manages a key; nil: nobody that the sources know of. An error
// is about one source: as long as any can't be read, a key that no other knows
// has no answer.
func (r *Registry) Of(ctx context.Context, key accesskey.ID) (*Owner, error) {
	owners, err := r.states(ctx)
	if owner, found := owners[key]; found {
		return &owner, nil
	}
	if err != nil {
		return nil, err
	}
	return r.maker(ctx, key)
}

// states are the keys of all states, and why one could not be read.
func (r *Registry) states(ctx context.Context) (map[accesskey.ID]Owner, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.owners != nil && r.now().Sub(r.read) < fresh {
		return r.owners, nil
	}
	owners := map[accesskey.ID]Owner{}
	var first error
	for _, name := range r.sources.States {
		found, err := r.state(ctx, name)
		if err != nil && first == nil {
			first = fmt.Errorf("read Terraform state %s: %w", name, err)
		}
		for id, owner := range found {
			owners[id] = owner
		}
	}
	if first == nil {
		r.owners, r.read = owners, r.now()
	}
	return owners, first
}

func (r *Registry) state(ctx context.Context, name string) (found map[accesskey.ID]Owner, err error) {
	at, err := parseState(name)
	if err != nil {
		return nil, err
	}
	read := func(text io.Reader) error {
		found, err = readState(text, name)
		return err
	}
	if at.bucket != "" {
		return found, r.objects.Object(ctx, at.bucket, at.key, read)
	}
	f, err := os.Open(at.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return found, read(f)
}

// place is where a state is: a path, or a bucket and a key.
type place struct{ path, bucket, key string }

func parseState(name string) (place, error) {
	rest, remote := strings.CutPrefix(name, "s3://")
	switch bucket, key, _ := strings.Cut(rest, "/"); {
	case remote && (bucket == "" || key == ""):
		return place{}, fmt.Errorf("Terraform state %q: want s3://BUCKET/KEY", name) //nolint:staticcheck // a name
	case remote:
		return place{bucket: bucket, key: key}, nil
	case strings.Contains(name, "://"):
		return place{}, fmt.Errorf("Terraform state %q: want a path, or s3://BUCKET/KEY; `terraform state pull > FILE` makes a file of any other", name) //nolint:staticcheck // a name
	case name == "":
		return place{}, fmt.Errorf("Terraform state: want a path, or s3://BUCKET/KEY") //nolint:staticcheck // a name
	}
	return place{path: name}, nil
}
