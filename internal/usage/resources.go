package usage

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// mostResources is how many resources of one kind of call are told apart. Of more,
// those that begin alike become one that ends in *.
const mostResources = 12

// Resources are the ARNs of what calls named, in order, each once. One that ends
// in * stands for more than are told apart.
type Resources []string

// And are the resources of both.
func (r Resources) And(more ...string) Resources {
	if len(more) == 0 {
		return r
	}
	all := slices.Clone(r)
	for _, arn := range more {
		if !all.have(arn) {
			all = append(all, arn)
		}
	}
	slices.Sort(all)
	for len(all) > mostResources {
		all = all.narrowed()
	}
	return all
}

func (r Resources) have(arn string) bool {
	return slices.ContainsFunc(r, func(had string) bool {
		begin, many := strings.CutSuffix(had, "*")
		return had == arn || many && strings.HasPrefix(arn, begin)
	})
}

// narrowed puts those together of which most begin alike.
func (r Resources) narrowed() Resources {
	alike := map[string]int{}
	for _, arn := range r {
		alike[family(arn)]++
	}
	most := slices.MaxFunc(slices.Sorted(maps.Keys(alike)), func(a, b string) int {
		return cmp.Or(cmp.Compare(alike[a], alike[b]), cmp.Compare(len(a), len(b)))
	})
	left := slices.DeleteFunc(slices.Clone(r), func(arn string) bool { return strings.HasPrefix(arn, most) })
	left = append(left, most+"*")
	slices.Sort(left)
	return left
}

// family is an ARN without its last part.
func family(arn string) string {
	arn = strings.TrimSuffix(strings.TrimSuffix(arn, "*"), "/")
	arn = strings.TrimSuffix(arn, ":")
	return arn[:strings.LastIndexAny(arn, ":/")+1]
}
