package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fenced is a block in Markdown of shell, or of what nobody named.
var fenced = regexp.MustCompile("(?ms)^```(?:sh)?\n(.*?)^```")

// TestHowToCommands: every command line in the how-tos is one that there is, with
// flags and arguments that it takes. What they do is for the stories.
func TestHowToCommands(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "how-to", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range fenced.FindAllStringSubmatch(strings.ReplaceAll(string(text), "\r\n", "\n"), -1) {
			for line := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", " ")) {
				for _, words := range commandsIn(line) {
					tried++
					if err := parses(words); err != nil {
						t.Errorf("%s: %s: %v", filepath.Base(page), strings.TrimSpace(line), err)
					}
				}
			}
		}
	}
	if tried < 50 {
		t.Errorf("%d commands found; there are more", tried)
	}
}

// word is one of a command line: bare, or quoted.
var word = regexp.MustCompile(`'[^']*'|"[^"]*"|[^\s'"]+`)

// commandsIn are the words of the keytend commands in a line of shell, each up to
// whatever ends a command.
func commandsIn(line string) (all [][]string) {
	var words []string
	open := false
	end := func() {
		if open {
			all = append(all, words)
		}
		words, open = nil, false
	}
	fresh := true // a command may begin here
	for _, w := range word.FindAllString(line, -1) {
		switch {
		case strings.HasPrefix(w, "#"):
			end()
			return all
		case w == "|" || w == "&&" || w == "||" || w == ">" || w == "&" || w == ";":
			end()
			fresh = true
			continue
		case w == "keytend" && fresh:
			open = true
		case open:
			words = append(words, strings.Trim(w, `'"`))
		}
		fresh = strings.Contains(w, "=") && !open // NAME=value before a command
	}
	end()
	return all
}

func parses(words []string) error {
	root := rootCommand(testApp())
	command, rest, err := root.Find(words)
	if err != nil {
		return err
	}
	if err := command.ParseFlags(rest); err != nil {
		return err
	}
	if command.Args == nil {
		return nil
	}
	return command.Args(command, command.Flags().Args())
}
