package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// profileHeader is where a profile begins, in either of the two AWS files:
// [name] or [profile name].
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
var profileHeader = regexp.MustCompile(`(?m)^\s*\[\s*(?:profile\s+)?([^\]\s]+)\s*\]`)

// profileNames are the profiles of the AWS configuration, sorted; none where it
// can't be read: they are only offered to a shell.
func (a *app) profileNames() []string {
	var names []string
	for variable, file := range map[string]string{"AWS_SHARED_CREDENTIALS_FILE": "credentials", "AWS_CONFIG_FILE": "config"} {
		path, _ := a.lookupEnv(variable)
		if path == "" {
			path = filepath.Join(a.home, ".aws", file)
		}
		text, _ := os.ReadFile(path)
		for _, header := range profileHeader.FindAllStringSubmatch(string(text), -1) {
			names = append(names, header[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// completeProfiles lets a shell complete a flag that takes one profile.
func (a *app) completeProfiles(command *cobra.Command, flag string) {
	complete := func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		names := slices.DeleteFunc(a.profileNames(), func(name string) bool { return !strings.HasPrefix(name, begun) })
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	if err := command.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // the flag is defined
	}
}
