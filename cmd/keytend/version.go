package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build says which program this is, as the Go toolchain recorded it.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Built    string `json:"committed_at,omitempty"` // RFC 3339, of the commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func versionCommand(a *app) *cobra.Command {
	output := choice{allowed: []string{"table", "json"}, value: "table"}
	command := &cobra.Command{
		Use:     "version",
		Short:   "Say which keytend this is",
		Example: "  keytend version\n  keytend version --output json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return a.printVersion(thisBuild(), output.value)
		},
	}
	output.addTo(command, "output", "o", "output `format`")
	return command
}

func (a *app) printVersion(b build, format string) error {
	if format == "json" {
		return writeJSON(a.stdout, b)
	}
	_, err := fmt.Fprintf(a.stdout, "keytend %s (%s, %s)\n", b.Version, b.Go, b.Platform)
	return err
}

// thisBuild reads the build information of the running binary.
func thisBuild() build {
	b := build{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Revision = setting.Value
		case "vcs.time":
			b.Built = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		}
	}
	return b
}
