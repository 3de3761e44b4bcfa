package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// rootCommand lists every command; there is no other registration.
func rootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "keytend",
		Short: "Find every AWS access key, and replace it without anybody noticing",
		Long: `Keytend finds every AWS IAM access key, says how old it is, when and where it
was last used, who owns it and which rules it breaks; it replaces keys without
breaking whoever uses them, and ends those that nobody uses.

Scan, explain and scorecard only read. Rotate, retire and revoke say what they
will do, step by step, and ask before they do it.

AWS credentials are found as every AWS program finds them: environment, profile
(--profile), SSO, container or instance role. AWS_ENDPOINT_URL is respected.

Exit codes:
` + indent(exitCodesText),
		Example: `  keytend demo
  keytend scan
  keytend scan --profile audit --output html --out report.html
  keytend explain AKIAIOSFODNN7EXAMPLE
  keytend rotate alice --deliver dotenv:/srv/app/.env`,
		SilenceErrors:    true,
		SilenceUsage:     true,
		PersistentPreRun: a.prepare,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	a.sharedFlags(root)
	root.AddCommand(
		scanCommand(a),
		explainCommand(a),
		usageCommand(a),
		locateCommand(a),
		migrateCommand(a),
		scorecardCommand(a),
		initCommand(a),
		ownersCommand(a),
		planCommand(a),
		applyCommand(a),
		approveCommand(a),
		rejectCommand(a),
		freezeCommand(a),
		rotateCommand(a),
		retireCommand(a),
		revokeCommand(a),
		statusCommand(a),
		resumeCommand(a),
		rollbackCommand(a),
		holdCommand(a),
		releaseCommand(a),
		resolveCommand(a),
		recoverCommand(a),
		auditCommand(a),
		notifyCommand(a),
		ackCommand(a),
		rootUsersCommand(a),
		monitorCommand(a),
		secretCommand(a),
		configCommand(a),
		demoCommand(a),
		simCommand(a),
		versionCommand(a),
		exitCodesTopic(a),
		permissionsCommand(a),
		terraformCommand(a),
	)
	root.SetHelpCommand(helpCommand())
	return root
}

// sharedFlags are understood by every command.
func (a *app) sharedFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&a.profile, "profile", "", "AWS `profile` to use (default: AWS_PROFILE, then default)")
	a.completeProfiles(root, "profile")
	flags.StringVar(&a.region, "region", "", "AWS `region` to talk to (default: from the environment or profile)")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "no progress and no remarks: only the report and errors")
	flags.CountVarP(&a.verbose, "verbose", "v", "log to stderr; -vv logs more")
	flags.BoolVar(&a.noColor, "no-color", false, "no colour (also: NO_COLOR in the environment)")
}

// helpCommand replaces cobra's own, which exits 0 for a topic it doesn't know.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [command]",
		Short:   "Help about any command or topic",
		Example: "  keytend help scan\n  keytend help exit-codes",
		RunE: func(help *cobra.Command, args []string) error {
			command, rest, err := help.Root().Find(args)
			if err != nil || command == nil || len(rest) > 0 {
				return usageError{help.Root(), fmt.Errorf("unknown help topic %q", args)}
			}
			command.InitDefaultHelpFlag()
			return command.Help()
		},
	}
}
