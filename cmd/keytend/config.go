package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/docs/schema"
	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/match"
)

func configCommand(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:   "config",
		Short: "Check the policy file, and show what it says about a key",
		Long: `The policy file says how keys live in all accounts. It is the one named by
--config or KEYTEND_CONFIG, else keytend.yaml in this folder; without any, AWS's
own recommendations hold, and nothing is changed.

Expressions in it are CEL (https://cel.dev); a length of time is days(90) or
duration("36h"). Their words:
` + match.Help(),
		Example: `  keytend config check
  keytend config show --user alice
  keytend config schema > keytend.schema.json`,
	}
	command.AddCommand(configCheckCommand(a), configShowCommand(a), configSchemaCommand(a))
	return command
}

// configCheck is one run of `keytend config check`.
type configCheck struct {
	app    *app
	file   policyFlag
	output choice
}

func configCheckCommand(a *app) *cobra.Command {
	c := &configCheck{app: a, output: choice{allowed: []string{"text", "json"}, value: "text"}}
	command := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Say everything that is wrong with the policy file",
		Long: `Check reads the policy file as every other command does, and lists all that is
wrong with it, by line: unknown or doubtful fields, values without a unit,
expressions that don't compile, times that can't be kept, with the arithmetic.
It also warns of what is allowed and yet looks like a mistake, such as an
exemption past its date. AWS isn't asked.

Exit code 0: it can be followed; 2: it can't; 1: it can't be read.`,
		Example: `  keytend config check
  keytend config check policies/prod.yaml
  keytend config check --output json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				c.file.path = args[0]
			}
			return c.run()
		},
	}
	c.file.addTo(command)
	c.output.addTo(command, "output", "o", "output format")
	return command
}

// remark is one problem or warning, as JSON.
type remark struct {
	File     string `json:"file"`
	Line     int    `json:"line"`   // from 1; 0: about the whole file
	Column   int    `json:"column"` // from 1
	Severity string `json:"severity"`
	Message  string `json:"message"`
}

func (c *configCheck) run() error {
	path := cmp.Or(c.file.named(c.app), config.DefaultFile)
	p, err := config.Load(path, os.ReadFile, c.app.policyChecks())
	var problems config.Problems
	if err != nil && !errors.As(err, &problems) {
		return policyError(path, err)
	}
	remarks := remarksOn(problems, "error")
	if p != nil {
		remarks = append(remarksOn(p.Warnings(), "warning"), remarksOn(p.Past(c.app.now()), "warning")...)
	}
	if err := c.print(path, remarks); err != nil {
		return err
	}
	if len(problems) > 0 {
		return verdict{code: exitUsage, text: fmt.Sprintf("%s: %s", path, count(len(problems), "problem"))}
	}
	return nil
}

func remarksOn(problems []config.Problem, severity string) []remark {
	out := []remark{}
	for _, p := range problems {
		out = append(out, remark{p.File, p.Line, p.Column, severity, p.Message})
	}
	return out
}

func (c *configCheck) print(path string, remarks []remark) error {
	if c.output.value == "json" {
		return writeJSON(c.app.stdout, remarks)
	}
	var out strings.Builder
	text := lines{}
	for _, r := range remarks {
		out.WriteString(r.text())
		out.WriteString(text.excerpt(r))
	}
	if len(remarks) == 0 {
		out.WriteString(path + ": fine\n")
	}
	_, err := io.WriteString(c.app.stdout, printable(out.String()))
	return err
}

// text is "keytend.yaml:12:5: message", as editors and CI systems know it.
func (r remark) text() string {
	message := r.Message
	if r.Severity == "warning" {
		message = "warning: " + message
	}
	return config.Problem{Place: config.Place{File: r.File, Line: r.Line, Column: r.Column}, Message: message}.String() + "\n"
}

// lines are those of the files that remarks are about.
type lines map[string][]string

// excerpt shows the line, and points at the column.
func (l lines) excerpt(r remark) string {
	if _, read := l[r.File]; !read {
		data, _ := os.ReadFile(r.File) // a moment ago it could be read; else there is no excerpt
		l[r.File] = strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n")
	}
	if r.Line < 1 || r.Line > len(l[r.File]) {
		return ""
	}
	line := strings.ReplaceAll(strings.TrimRight(l[r.File][r.Line-1], "\r"), "\t", " ")
	return fmt.Sprintf("%5d | %s\n      | %s^\n", r.Line, line, strings.Repeat(" ", max(r.Column-1, 0)))
}

func configSchemaCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of the policy file, for editors",
		Long: `Schema prints the JSON schema of the policy file. Editors that use
yaml-language-server complete and check the file with it, where its first line is

  # yaml-language-server: $schema=keytend.schema.json`,
		Example: "  keytend config schema > keytend.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(schema.Policy)
			return err
		},
	}
}
