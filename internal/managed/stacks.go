package managed

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/keytend/keytend/internal/accesskey"
)

// regionsAtOnce is how many regions are asked at the same time.
const regionsAtOnce = 8

// maker is the stack that made a key; nil: none did, as far as Regions and
// Everywhere reach.
func (r *Registry) maker(ctx context.Context, key accesskey.ID) (*Owner, error) {
	regions, err := r.withStacks(ctx)
	if err != nil {
		return nil, err
	}
	owners := make([]*Owner, len(regions))
	asking, ctx := errgroup.WithContext(ctx)
	asking.SetLimit(regionsAtOnce)
	for i, region := range regions {
		asking.Go(func() error {
			stack, logicalID, err := r.stacks.StackThatMade(ctx, region, key)
			if err != nil {
				return fmt.Errorf("ask CloudFormation in %s: %w", region, err)
			}
			if stack != "" {
				owners[i] = &Owner{Program: "CloudFormation", Address: logicalID, Where: "stack " + stack + " in " + region}
			}
			return nil
		})
	}
	err = asking.Wait()
	if i := slices.IndexFunc(owners, func(o *Owner) bool { return o != nil }); i >= 0 {
		return owners[i], nil
	}
	return nil, err
}

// withStacks are the regions to be asked about each key: those that were named,
// and of all others those that have any stack.
func (r *Registry) withStacks(ctx context.Context) ([]string, error) {
	if !r.sources.Everywhere {
		return r.sources.Regions, nil
	}
	r.regionsLock.Lock()
	defer r.regionsLock.Unlock()
	if r.regions != nil {
		return r.regions, nil
	}
	all, err := r.stacks.EnabledRegions(ctx)
	if err != nil {
		return nil, fmt.Errorf("find out which regions to ask CloudFormation in: %w", err)
	}
	any := make([]bool, len(all))
	barred := make([]bool, len(all))
	asking, ctx := errgroup.WithContext(ctx)
	asking.SetLimit(regionsAtOnce)
	for i, region := range all {
		asking.Go(func() (err error) {
			if any[i], barred[i], err = r.stacks.AnyStack(ctx, region); err != nil {
				return fmt.Errorf("ask CloudFormation in %s: %w", region, err)
			}
			return nil
		})
	}
	if err := asking.Wait(); err != nil {
		return nil, err
	}
	r.regions, r.barred = slices.Clone(r.sources.Regions), nil
	for i, region := range all {
		switch {
		case barred[i]:
			r.barred = append(r.barred, region)
		case any[i] && !slices.Contains(r.regions, region):
			r.regions = append(r.regions, region)
		}
	}
	if r.regions == nil {
		r.regions = []string{}
	}
	return r.regions, nil
}

// Barred are the regions in which CloudFormation could not be asked, for a
// service control policy of the organization keeps us, as most others, out of
// them; a stack there is not known. Of regions that were named that is an error
// of Of instead.
func (r *Registry) Barred() []string {
	r.regionsLock.Lock()
	defer r.regionsLock.Unlock()
	return r.barred
}
