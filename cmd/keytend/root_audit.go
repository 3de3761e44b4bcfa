package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/report"
)

// rootAudit is one run of `keytend root audit`.
type rootAudit struct {
	rootAccess
	output choice
	out    string
}

func rootAuditCommand(a *app) *cobra.Command {
	r := &rootAudit{rootAccess: rootAccess{app: a}, output: choice{allowed: formatNames(report.RootFormats), value: string(report.Table)}}
	command := &cobra.Command{
		Use:   "audit",
		Short: "List the credentials of member accounts' root users",
		Long: `Audit lists what each member account's root user holds: access keys with their
last use, password with its last use, MFA devices, signing certificates. It
enters with AWS's task policy IAMAuditRootUserCredentials, which can only read.`,
		Example: `  keytend root audit
  keytend root audit --include ou:Prod --output json --out roots.json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := r.check(); err != nil {
				return usageError{c, err}
			}
			return r.run(c.Context())
		},
	}
	r.addTo(command)
	r.output.addTo(command, "output", "o", "output format")
	addOutFlag(command, &r.out)
	return command
}

func (r *rootAudit) run(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	roots, failed := r.lookAll(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err := r.app.writeOutput(r.out, func(w io.Writer) error {
		return report.WriteRoots(w, report.Format(r.output.value), roots, r.leftOut, failed, now(r.base), r.app.look(r.out))
	})
	if err != nil {
		return err
	}
	return partial(failed)
}
