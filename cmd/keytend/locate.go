package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/locate"
)

// locating is one run of `keytend locate`.
type locating struct {
	app     *app
	subject string // as typed; empty: --all
	all     bool
	offline bool
	fleet   fleetFlags

	regions        []string
	services       []string
	readParameters bool
	readSecrets    bool
	folders        []string
	history        bool
	states         []string
	contexts       []string
	kubeconfig     string
	namespace      string
	output         choice
	out            string

	wanted map[accesskey.ID]locate.Whose
	near   map[string][]string // account → regions in which its keys were last used
	found  locate.Found
}

// inAWS are the services that are looked at, as --in names them.
var inAWS = []string{string(locate.InFunction), string(locate.InContainer), string(locate.InBuild), string(locate.InParameter), string(locate.InSecret), string(locate.InUserData)}

func locateCommand(a *app) *cobra.Command {
	l := &locating{app: a, output: choice{allowed: []string{"table", "json", "yaml"}, value: "table"}}
	command := &cobra.Command{
		Use:   "locate ACCESS-KEY-ID|USER|--all",
		Short: "Where a key lives: in which functions, tasks, builds, stores, files",
		Long: `Locate finds the places that a key was put into, by its ID, which is no secret:
variables of Lambda functions, ECS containers and CodeBuild projects, parameters
of Systems Manager, secrets of Secrets Manager, user data of EC2 instances and
launch templates, and this computer's AWS files and environment. With --dir it
looks at folders, with --history at all that their git repositories ever held,
with --terraform-state at states, with --kubernetes at a cluster's Secrets and
ConfigMaps. IDs in base64 and in escaped text are found too.

--output yaml writes the destinations for keytend.yaml to which the next key can
be delivered. Of each other place it is said what to do instead; keytend migrate
writes the way to a role.

It looks in the region in use and in those where the keys were last used;
--regions names others, --regions all means every enabled one. With --all it
looks for every key of the account, or of the organization's, in one pass.

What it may not read is listed, and makes the exit code 4. What it doesn't read
unless asked is listed too, and doesn't: values of SecureString parameters
(--read-parameters, which has AWS decrypt them) and of secrets (--read-secrets).
CloudTrail records each such reading, and somebody may be watching for it. Of
what stands beside an ID nothing is printed or kept.`,
		Example: `  keytend locate AKIAIOSFODNN7EXAMPLE
  keytend locate ci-deploy --regions all --dir ~/src --history
  keytend locate --all --read-secrets --read-parameters --output yaml > found.yaml
  keytend locate --all --organization --output json
  keytend locate AKIAIOSFODNN7EXAMPLE --kubernetes prod --terraform-state s3://example-states/prod.tfstate
  keytend locate AKIAIOSFODNN7EXAMPLE --offline --dir .`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := l.check(c, args); err != nil {
				return usageError{c, err}
			}
			return l.run(c.Context())
		},
	}
	l.addFlags(command)
	return command
}

func (l *locating) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.BoolVar(&l.all, "all", false, "look for every key of the account, or of all accounts that are meant")
	flags.StringSliceVar(&l.regions, "regions", nil, "look in these `regions` alone, or in all (default: the one in use and those of last use)")
	flags.StringSliceVar(&l.services, "in", inAWS, "which `services` of AWS to look at")
	flags.BoolVar(&l.readParameters, "read-parameters", false, "decrypt the values of SecureString parameters; CloudTrail records it")
	flags.BoolVar(&l.readSecrets, "read-secrets", false, "read the values of secrets of Secrets Manager; CloudTrail records it")
	flags.StringArrayVar(&l.folders, "dir", nil, "look at this `folder` and everything below it (repeatable)")
	flags.BoolVar(&l.history, "history", false, "with --dir: look at all commits of the git repositories there")
	flags.StringArrayVar(&l.states, "terraform-state", nil, "look at this Terraform or OpenTofu `state`: a path, or s3://BUCKET/KEY (repeatable)")
	flags.StringArrayVar(&l.contexts, "kubernetes", nil, "look at the cluster of this `context` of the kubeconfig; . is the current one (repeatable)")
	flags.StringVar(&l.kubeconfig, "kubeconfig", "", "the `file` (default: KUBECONFIG, or ~/.kube/config)")
	flags.StringVar(&l.namespace, "namespace", "", "with --kubernetes: look in this `namespace` alone")
	flags.BoolVar(&l.offline, "offline", false, "ask AWS nothing: look at this computer, --dir, --terraform-state and --kubernetes alone")
	l.fleet.addTo(command)
	l.output.addTo(command, "output", "o", "output format")
	addOutFlag(command, &l.out)
}

func (l *locating) check(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		l.subject = args[0]
	}
	_, notAKey := accesskey.ParseID(l.subject)
	switch {
	case l.all == (l.subject != ""):
		return errors.New("want one of: an access key ID, a user, --all")
	case l.history && len(l.folders) == 0:
		return errors.New("--history goes with --dir")
	case l.namespace != "" && len(l.contexts) == 0:
		return errors.New("--namespace goes with --kubernetes")
	case l.fleet.asked() && !l.all:
		return errors.New("--organization and --profiles go with --all")
	case l.offline && (l.fleet.asked() || !l.all && notAKey != nil):
		return errors.New("--offline goes with an access key ID, or --all: whose keys are whose is AWS's to say")
	}
	return errors.Join(l.checkNames(), l.fleet.check(c, l.app.profile))
}

func (l *locating) checkNames() error {
	for _, name := range l.services {
		if !slices.Contains(inAWS, name) {
			return fmt.Errorf("--in %s: want %s", name, strings.Join(inAWS, ", "))
		}
	}
	for _, region := range l.regions {
		if !regionForm.MatchString(region) && (region != "all" || len(l.regions) > 1) {
			return fmt.Errorf("--regions %s: want names of regions such as eu-central-1, or all", region)
		}
	}
	for _, state := range l.states {
		if bucket, isObject := strings.CutPrefix(state, "s3://"); isObject {
			if name, key, _ := strings.Cut(bucket, "/"); name == "" || key == "" {
				return fmt.Errorf("--terraform-state %s: want s3://BUCKET/KEY", state)
			}
			if l.offline {
				return fmt.Errorf("--terraform-state %s: it is in AWS, and --offline asks AWS nothing", state)
			}
		}
	}
	return nil
}

func (l *locating) run(ctx context.Context) error {
	l.wanted, l.near = map[accesskey.ID]locate.Whose{}, map[string][]string{}
	here, err := l.here()
	if err != nil {
		return err
	}
	switch {
	case l.offline:
		l.runOffline(ctx, here)
	case l.fleet.asked():
		err = l.runFleet(ctx, here)
	default:
		err = l.runAccount(ctx, here)
	}
	if err != nil {
		return err
	}
	if err := l.app.writeOutput(l.out, l.write); err != nil {
		return err
	}
	return l.verdict(ctx)
}

func (l *locating) write(w io.Writer) error {
	switch l.output.value {
	case "json":
		return l.writeJSON(w)
	case "yaml":
		return l.writeYAML(w)
	}
	return l.writeTable(w)
}

// verdict is partial where anything could not be looked at that was meant.
func (l *locating) verdict(ctx context.Context) error {
	var failed []locate.Gap
	for _, g := range l.found.Gaps {
		if !g.Chosen {
			failed = append(failed, g)
		}
	}
	switch {
	case ctx.Err() != nil:
		return verdict{code: exitInterrupted, text: "interrupted before everything was looked at", hint: "run it again, up to the end"}
	case len(failed) == 0:
		return nil
	}
	first := failed[0]
	return verdict{code: exitPartial, text: "partial: " + count(len(failed), "place") + " could not be looked at; first: " + first.Where + ": " + because(first), hint: first.Hint}
}

// regionsOf are the regions of an account that are looked in.
func (l *locating) regionsOf(ctx context.Context, session *awsapi.Session, account string) ([]string, error) {
	if len(l.regions) == 1 && l.regions[0] == "all" {
		return session.EnabledRegions(ctx)
	}
	if len(l.regions) > 0 {
		return l.regions, nil
	}
	own, _ := session.Region()
	regions := append([]string{own}, l.near[account]...)
	slices.Sort(regions)
	return slices.Compact(regions), nil
}
