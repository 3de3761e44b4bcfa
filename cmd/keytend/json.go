package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
)

// writeJSON writes a document for programs, and for people who look at it: indented,
// in one write, with nothing in it that a terminal could obey. Users, tags and files
// have names that anybody may choose.
func writeJSON(w io.Writer, document any) error {
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(document); err != nil {
		return err
	}
	_, err := io.WriteString(w, escapeUnprintable(text.String()))
	return err
}

// escapeUnprintable writes what a terminal could obey as JSON's \u escapes.
// Beyond ASCII there is nothing but the insides of strings.
func escapeUnprintable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < 0x7f || unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			_, _ = fmt.Fprintf(&b, "\\u%04x", unit)
		}
	}
	return b.String()
}
