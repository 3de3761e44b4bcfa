package fakeaws

import (
	"encoding/base64"
	"sort"
	"strconv"
	"strings"
)

// page is the end of every list that IAM answers.
type page struct {
	IsTruncated bool
	Marker      string
}

const (
	defaultItems = 100
	maxItems     = 1000
)

// paginate cuts the page that a request asks for out of items, which are in
// the order of key. Markers name the last item given, so that a page is right
// even where items come and go between calls.
func paginate[T any](r *request, items []T, key func(T) string) ([]T, page, *apiError) {
	limit := defaultItems
	if n, err := strconv.Atoi(r.value("MaxItems")); err == nil {
		limit = n
	}
	first := 0
	if marker := r.value("Marker"); marker != "" {
		after, ok := r.openMarker(marker)
		if !ok {
			return nil, page{}, errValidation("Invalid Marker.")
		}
		first = sort.Search(len(items), func(i int) bool { return key(items[i]) > after })
	}
	if first+limit >= len(items) {
		return items[first:], page{}, nil
	}
	rest := items[first : first+limit]
	return rest, page{IsTruncated: true, Marker: r.marker(key(rest[limit-1]))}, nil
}

// marker is opaque to callers, and good for the action it comes from only.
func (r *request) marker(after string) string {
	return base64.StdEncoding.EncodeToString([]byte(r.action + "\x00" + after))
}

func (r *request) openMarker(marker string) (string, bool) {
	raw, err := base64.StdEncoding.DecodeString(marker)
	if err != nil {
		return "", false
	}
	return strings.CutPrefix(string(raw), r.action+"\x00")
}

// below keeps what has a path beginning with the request's PathPrefix.
func below[T any](r *request, items []T, path func(T) string) []T {
	prefix := r.value("PathPrefix")
	if prefix == "" || prefix == "/" {
		return items
	}
	var kept []T
	for _, item := range items {
		if strings.HasPrefix(path(item), prefix) {
			kept = append(kept, item)
		}
	}
	return kept
}
