package main

import (
	"context"
	"fmt"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/destination/all"
	"github.com/keytend/keytend/internal/locate"
)

// guided has a person at a terminal say where the new key goes: the places of
// this computer that hold the old one, others, or the screen.
func (r *rotate) guided(ctx context.Context, b *bench, old accesskey.ID) ([]string, error) {
	found := b.placesOf(ctx, old)
	options := make([]string, 0, len(found)+2)
	for _, name := range found {
		options = append(options, fmt.Sprintf("%s, which holds %s now", name, old))
	}
	options = append(options, "another place", "nowhere: show it here, once, and I take it where it is needed")
	chosen, err := r.app.pick("Where is the new key to go? Whoever still has the old one when it is switched off fails.", options, len(found))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, i := range chosen {
		switch i {
		case len(found):
			name, err := r.typedPlace(ctx, b, old)
			if err != nil {
				return nil, err
			}
			names = append(names, name)
		case len(found) + 1:
			r.reveal = true
		default:
			names = append(names, found[i])
		}
	}
	return names, nil
}

// typedPlace has a person type a destination that can take the key.
func (r *rotate) typedPlace(ctx context.Context, b *bench, old accesskey.ID) (string, error) {
	r.app.line(all.Help())
	typed, err := r.app.fill("Where", func(text string) error {
		name, err := all.Name(text, b.surroundings(""))
		if err != nil {
			return err
		}
		return b.place(ctx, name, old)
	})
	if err != nil {
		return "", err
	}
	return all.Name(typed, b.surroundings(""))
}

// placesOf are the profiles of this computer's AWS files that hold a key and
// can take another.
func (b *bench) placesOf(ctx context.Context, key accesskey.ID) []string {
	var names []string
	for _, k := range locate.FindLocal(locate.Machine{Environ: b.app.environ, Home: b.app.home}).Keys {
		for _, p := range k.Places {
			if k.ID != key || p.Path == "" || p.Name == "" {
				continue
			}
			name, err := all.Name("credentialsfile:"+p.Path+"#"+p.Name, b.surroundings(""))
			if err == nil && b.holdsNow(ctx, name, key) {
				names = append(names, name)
			}
		}
	}
	return names
}

// holdsNow: the destination can be written to and is read to hold the key.
func (b *bench) holdsNow(ctx context.Context, name string, key accesskey.ID) bool {
	d, err := b.rotator.Destination(accesskey.Subject{}, name)
	if err != nil || d.Check(ctx) != nil {
		return false
	}
	held, err := d.Current(ctx)
	return err == nil && held.Key == key
}
