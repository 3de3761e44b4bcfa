package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/migrate"
)

// migration is one run of `keytend migrate`.
type migration struct {
	app     *app
	read    usages
	answers migrate.Answers
	only    string
	dir     string
	unused  time.Duration
	command *cobra.Command

	all    bool
	fleet  fleetFlags
	before string // a report of an earlier run

	retire bool
	roles  []string
	terms  accesskey.Terms
	delete time.Duration
	stay   stay
}

func migrateCommand(a *app) *cobra.Command {
	m := &migration{app: a, unused: 90 * 24 * time.Hour, terms: accesskey.DefaultTerms()}
	m.read = usages{app: a, days: 90, within: 5 * time.Minute, output: choice{allowed: []string{"text", "json", "terraform", "table", "html"}, value: "text"}}
	m.terms.Keep, m.terms.Notice = true, 0
	command := &cobra.Command{
		Use:   "migrate USER|ACCESS-KEY-ID",
		Short: "The way from a key to a role: who uses it, what replaces it, the Terraform, the end of the key",
		Long: `Migrate tells from evidence what kind of workload uses a user's keys, with how
sure it is and what spoke for it, and recommends what is to take their place:
an instance profile, an execution or task role, EKS Pod Identity, an OIDC role
for a CI service, a role with an external ID, IAM Roles Anywhere, Identity
Center or aws login. It prints the steps for the team, and Terraform for the
role: trusted as narrowly as is known, with the rights that were seen used and
that the user has now, never more. Whom no evidence names must be given, such
as a GitHub repository and its branch.

With --retire the key is ended under the same watch as a rotation: it is
switched off only once the role is seen in use and the key is quiet, and
revived if it is used after all.

With --all every key of the account, or with --organization or --profiles of many
accounts, is listed by what replaces it and how much work that is, the greatest
risk first. How many keys are left is kept in the state file once a day, and
the latest runs are shown; --before compares with an earlier report, key by key.
An account that can't be read is named, and leaves the others.`,
		Example: `  keytend migrate worker
  keytend migrate ci-deploy --repo example/shop --branch main --output terraform
  keytend migrate worker --dir out/
  keytend migrate worker --retire
  keytend migrate --all --output html --out keys.html
  keytend migrate --all --organization --exclude ou:Sandbox`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := errors.Join(m.check(args), m.fleet.check(c, a.profile)); err != nil {
				return usageError{c, err}
			}
			return m.run(c.Context())
		},
	}
	m.command = command
	m.flags(command)
	return command
}

func (m *migration) flags(command *cobra.Command) {
	m.read.addFlags(command)
	flags := command.Flags()
	flags.Var(span{&m.unused}, "unused", "a key that was not used for so long counts as used by nobody")
	flags.StringVar(&m.only, "only", "", "of a key with several workloads, this one `workload`: "+words(migrate.Workloads()))
	flags.StringVar(&m.dir, "dir", "", "write the Terraform into this `folder`, a file for each workload")
	m.answerFlags(command)
	flags.BoolVar(&m.all, "all", false, "every key of the account, or of many, by what replaces it")
	m.fleet.addTo(command)
	flags.StringVar(&m.before, "before", "", "with --all: a `file` of an earlier --output json, to tell what has changed")
	flags.BoolVar(&m.retire, "retire", false, "end the key, once the role is in use and the key is quiet")
	flags.StringSliceVar(&m.roles, "role", nil, "with --retire: the `name` of a role that you know to take the key's place (default: as in the Terraform, which tags it)")
	flags.Var(span{&m.terms.Idle}, "idle", "with --retire: silence that is wanted before the key is switched off")
	flags.Var(span{&m.terms.LagMargin}, "lag-margin", "with --retire: how late AWS's last-used data may be; it doesn't count as silence")
	flags.Var(span{&m.terms.Schedule}, "schedule", "with --retire: the longest time between two runs of a consumer, where you know it")
	flags.Var(span{&m.terms.OverlapMax}, "overlap-max", "with --retire: then you are asked about who has not moved")
	flags.Var(span{&m.delete}, "delete-after", "with --retire: delete the key when it was off for so long (default: never)")
	settleFlags(command, &m.terms)
	m.stay.addTo(command)
	m.read.state.elsewhere.addTo(command)
}

// answerFlags are what no evidence tells.
func (m *migration) answerFlags(command *cobra.Command) {
	flags, a := command.Flags(), &m.answers
	flags.StringVar(&a.Repo, "repo", "", "the `repository`: OWNER/NAME on GitHub (OWNER@ID/NAME@ID where its tokens say so), GROUP/PROJECT on GitLab, its UUID on Bitbucket")
	flags.StringVar(&a.Branch, "branch", "", "the `branch` that is trusted")
	flags.StringVar(&a.Environment, "environment", "", "the `environment` that is trusted: its name on GitHub, its UUID on Bitbucket")
	flags.StringVar(&a.Organization, "ci-organization", "", "the `organization` of the CI service: its ID on CircleCI, its name on HCP Terraform; the workspace's UUID on Bitbucket")
	flags.StringVar(&a.Project, "project", "", "the `project`: its ID on CircleCI, its name on HCP Terraform")
	flags.StringVar(&a.Workspace, "workspace", "", "the `workspace` on HCP Terraform or Bitbucket")
	flags.StringVar(&a.Principal, "principal", "", "the `ARN` of the role that assumes it; of a third party the account will do")
	flags.StringVar(&a.ExternalID, "principal-external-id", "", "the external `ID` that the third party gives (default: one is made)")
	flags.StringVar(&a.Cluster, "cluster", "", "the EKS `cluster`")
	flags.StringVar(&a.Namespace, "namespace", "", "the Kubernetes `namespace`")
	flags.StringVar(&a.ServiceAccount, "service-account", "", "the Kubernetes service `account`")
	flags.StringVar(&a.Function, "function", "", "the one Lambda `function` that is trusted (default: any of the account)")
	flags.StringVar(&a.TrustAnchor, "trust-anchor", "", "the `ARN` of a trust anchor of IAM Roles Anywhere (default: one is made)")
	flags.StringVar(&a.CommonName, "common-name", "", "the common `name` of the server's certificate")
}

func words[T ~string](values []T) string {
	var out []string
	for _, v := range values {
		out = append(out, string(v))
	}
	return strings.Join(out, ", ")
}

func (m *migration) check(args []string) error {
	if m.all == (len(args) == 1) {
		return errors.New("want a user or a key, or --all")
	}
	if len(args) == 1 {
		m.read.subject = args[0]
	}
	format := m.read.output.value
	switch {
	case m.all && (m.retire || m.dir != "" || format == "terraform"):
		return errors.New("--all tells about keys; --retire, --dir and --output terraform are for one user")
	case !m.all && (format == "table" || format == "html"):
		return fmt.Errorf("--output %s is for --all", format)
	case m.only != "" && !slices.Contains(migrate.Workloads(), migrate.Workload(m.only)):
		return fmt.Errorf("--only %s: want one of %s", m.only, words(migrate.Workloads()))
	case m.before != "" && !m.all:
		return errors.New("--before is for --all")
	case m.fleet.asked() && !m.all:
		return errors.New("--organization and --profiles are for --all")
	case m.retire && (m.dir != "" || format != "text" || m.read.out != ""):
		return errors.New("--retire ends a key; --dir, --output and --out write what comes before it: run one after the other")
	case m.retire && m.only != "":
		return errors.New("--retire ends the key for all that use it: name the roles that are to be seen in use with --role, not one workload with --only")
	case !m.retire && m.endingFlag() != "":
		return fmt.Errorf("--%s goes with --retire", m.endingFlag())
	}
	if m.delete > 0 {
		m.terms.Keep, m.terms.Rest = false, m.delete
	}
	m.terms.OverlapMax = max(m.terms.OverlapMax, m.terms.Idle+m.terms.LagMargin)
	return errors.Join(m.read.check(), feasible(m.terms))
}

// endingFlag is a flag that was given and says nothing where no key is ended; empty:
// none was.
func (m *migration) endingFlag() string {
	for _, name := range []string{"role", "idle", "lag-margin", "schedule", "overlap-max", "delete-after"} {
		if m.command.Flags().Changed(name) {
			return name
		}
	}
	return ""
}

func (m *migration) run(ctx context.Context) error {
	switch {
	case m.all:
		return m.everybody(ctx)
	case m.retire:
		return m.end(ctx)
	}
	if err := m.read.open(ctx); err != nil {
		return err
	}
	defer m.read.desk.close()
	w, err := m.way(ctx)
	if err != nil {
		return m.read.broken(ctx, err)
	}
	if err := m.tell(w); err != nil {
		return err
	}
	return w.unread()
}

// tell writes what was found, in the format that was asked for.
func (m *migration) tell(w *way) error {
	if m.dir != "" {
		if err := m.files(w); err != nil {
			return err
		}
		if m.read.output.value == "terraform" {
			return nil
		}
	}
	switch m.read.output.value {
	case "json":
		return m.app.writeOutput(m.read.out, func(out io.Writer) error { return writeJSON(out, w.document()) })
	case "terraform":
		return m.oneFile(w)
	}
	return m.app.writeOutput(m.read.out, func(out io.Writer) error { return printed(out, printable(w.text(m.dir))) })
}

func printed(out io.Writer, text string) error {
	_, err := io.WriteString(out, text)
	return err
}
