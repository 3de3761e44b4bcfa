package fakeaws

import (
	"slices"
	"strings"
)

// catalogue holds an account's users, groups, roles or policies. IAM's names
// are unique without regard to case.
type catalogue[T any] struct {
	byName map[string]T // lower case
	names  []string     // lower case; sorted when they are asked for
	sorted bool
}

func newCatalogue[T any]() catalogue[T] { return catalogue[T]{byName: map[string]T{}} }

func (c *catalogue[T]) get(name string) (T, bool) {
	item, ok := c.byName[strings.ToLower(name)]
	return item, ok
}

func (c *catalogue[T]) put(name string, item T) {
	name = strings.ToLower(name)
	if _, known := c.byName[name]; !known {
		c.names, c.sorted = append(c.names, name), false
	}
	c.byName[name] = item
}

func (c *catalogue[T]) remove(name string) {
	name = strings.ToLower(name)
	delete(c.byName, name)
	c.names = slices.DeleteFunc(c.names, func(n string) bool { return n == name })
}

func (c *catalogue[T]) len() int { return len(c.names) }

// all lists everything in the order of names.
func (c *catalogue[T]) all() []T {
	if !c.sorted {
		slices.Sort(c.names)
		c.sorted = true
	}
	items := make([]T, len(c.names))
	for i, name := range c.names {
		items[i] = c.byName[name]
	}
	return items
}
