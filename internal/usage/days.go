package usage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Days are days on which something happened, UTC, in order, each once: a
// key's rhythm, as far as it is kept.
type Days []int32 // since 1970

func dayOf(t time.Time) int32 { return int32(t.Unix() / 86400) }

// DaysOf are the days of some moments.
func DaysOf(moments ...time.Time) Days {
	var d Days
	for _, at := range moments {
		d = d.with(dayOf(at))
	}
	return d
}

// And are the days of both.
func (d Days) And(e Days) Days {
	if len(e) == 1 && len(d) > 0 {
		return d.with(e[0])
	}
	all := append(slices.Clone(d), e...)
	slices.Sort(all)
	return slices.Compact(all)
}

// with is And of one day, without work where it is there already.
func (d Days) with(day int32) Days {
	i, there := slices.BinarySearch(d, day)
	if there {
		return d
	}
	return slices.Insert(d, i, day)
}

// first is the beginning of the first day, where there is one.
func (d Days) first() time.Time { return time.Unix(int64(d[0])*86400, 0).UTC() }

// Rest is the longest rest between two days of use, in whole days; 0: it was
// used every day, or on one alone.
func (d Days) Rest() int {
	longest := int32(0)
	for i := 1; i < len(d); i++ {
		longest = max(longest, d[i]-d[i-1]-1)
	}
	return int(longest)
}

// String writes runs of days: "20415-20418,20420".
func (d Days) String() string {
	var runs []string
	for i := 0; i < len(d); {
		j := i
		for j+1 < len(d) && d[j+1] == d[j]+1 {
			j++
		}
		run := strconv.Itoa(int(d[i]))
		if j > i {
			run += "-" + strconv.Itoa(int(d[j]))
		}
		runs = append(runs, run)
		i = j + 1
	}
	return strings.Join(runs, ",")
}

// ParseDays reads what String wrote.
func ParseDays(text string) (Days, error) {
	var d Days
	if text == "" {
		return nil, nil
	}
	for _, run := range strings.Split(text, ",") {
		first, last, several := strings.Cut(run, "-")
		from, err := strconv.ParseInt(first, 10, 32)
		to := from
		if err == nil && several {
			to, err = strconv.ParseInt(last, 10, 32)
		}
		if err != nil || to < from || to-from > 36600 {
			return nil, fmt.Errorf("days %q: want runs of days since 1970", text)
		}
		for day := from; day <= to; day++ {
			d = append(d, int32(day))
		}
	}
	if !slices.IsSorted(d) || len(slices.Compact(slices.Clone(d))) != len(d) {
		return nil, fmt.Errorf("days %q: not in order", text)
	}
	return d, nil
}

// MarshalText implements encoding.TextMarshaler.
func (d Days) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Days) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDays(string(text))
	return err
}

// JSONSchemaAlias tells the generator of JSON schemas that days are text.
func (Days) JSONSchemaAlias() any { return "" }
