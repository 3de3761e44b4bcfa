package config

import (
	"reflect"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/nearest"
)

// fieldsOf are the fields of a struct by their names in YAML, those of inlined
// structs included.
func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("yaml"); name != "" && name[0] != ',' && f.IsExported() {
			fields[name] = f
		}
	}
	return fields
}

func names(t reflect.Type) []string {
	var out []string
	for name := range fieldsOf(t) {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// suggestField says which field was meant: one of a similar name here, or one
// of this name elsewhere.
func suggestField(name, path string, here reflect.Type) string {
	var hints []string
	if near := nearest.Names(strings.ReplaceAll(name, "-", "_"), names(here)); len(near) > 0 {
		hints = append(hints, "did you mean "+near[0]+"?")
	}
	if places := elsewhere(name, path); len(places) > 0 {
		hints = append(hints, name+" belongs under "+listed(places))
	}
	if len(hints) == 0 {
		hints = append(hints, "the fields here are "+strings.Join(names(here), ", "))
	}
	return "; " + strings.ReplaceAll(strings.Join(hints, "; "), "?;", "?")
}

// elsewhere are the sections of the policy that have a field of this name.
func elsewhere(name, path string) []string {
	var out []string
	sections := fieldsOf(reflect.TypeFor[Policy]())
	for _, section := range names(reflect.TypeFor[Policy]()) {
		t := sections[section].Type
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || section == "overrides" || section == path {
			continue
		}
		if _, found := fieldsOf(t)[name]; found {
			out = append(out, section)
		}
	}
	if _, found := sections[name]; found && path != "" && !strings.HasPrefix(path, "overrides[") {
		out = append(out, "the top level")
	}
	return out
}
