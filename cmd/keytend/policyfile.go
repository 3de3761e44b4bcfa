package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/destination/all"
	"github.com/keytend/keytend/internal/destination/secretsmanager"
	"github.com/keytend/keytend/internal/destination/ssm"
	"github.com/keytend/keytend/internal/fleet"
	"github.com/keytend/keytend/internal/notify"
	"github.com/keytend/keytend/internal/policy"
)

// policyVariable holds the text of a policy, for a function of AWS Lambda.
const policyVariable = "KEYTEND_POLICY"

// policyFlag names the policy file that a command follows.
type policyFlag struct{ path string }

func (f *policyFlag) addTo(command *cobra.Command) {
	command.Flags().StringVar(&f.path, "config", "", "the policy `file` (default: KEYTEND_CONFIG, then "+config.DefaultFile+", then none: report only)")
	if err := command.MarkFlagFilename("config", "yaml", "yml"); err != nil {
		panic(err) // defined on the line above
	}
}

// named is the file that was asked for; empty: none was.
func (f *policyFlag) named(a *app) string {
	set, _ := a.lookupEnv("KEYTEND_CONFIG")
	return cmp.Or(f.path, set)
}

// loadPolicy reads the policy in force: the file that was named, which must be
// there, else keytend.yaml, else what the empty file says.
func (a *app) loadPolicy(f *policyFlag) (*config.Policy, error) {
	p, _, err := a.readPolicy(f, os.ReadFile)
	return p, err
}

// readPolicy is loadPolicy with a function to read files, and says whether
// there was a file.
func (a *app) readPolicy(f *policyFlag, read func(string) ([]byte, error)) (p *config.Policy, found bool, err error) {
	path := cmp.Or(f.named(a), config.DefaultFile)
	if text, _ := a.lookupEnv(policyVariable); text != "" && f.named(a) == "" {
		p, err = config.Load(policyVariable, func(string) ([]byte, error) { return []byte(text), nil }, a.policyChecks())
		return p, err == nil, policyError(policyVariable, err)
	}
	p, err = config.Load(path, read, a.policyChecks())
	if f.named(a) == "" && errors.Is(err, fs.ErrNotExist) {
		return config.Default(), false, nil
	}
	return p, err == nil, policyError(path, err)
}

// policyChecks are what the rooms that a policy speaks of know of its parts.
func (a *app) policyChecks() config.Checks {
	folder, _ := os.Getwd() // relative paths fail on their own
	s := all.Surroundings{
		Home: a.home, Folder: folder, Locks: os.TempDir(),
		Secrets:    func(string) secretsmanager.Store { return nil },
		Parameters: func(string) ssm.Store { return nil },
	}
	return config.Checks{
		Destination: func(name string) error { _, err := all.Name(name, s); return err },
		Channel:     notify.CheckURL,
		Account:     func(term string) error { _, err := fleet.ParseTerm(term); return err },
	}
}

// policyError says what is wrong with a policy: a file that makes no sense is a
// usage error.
func policyError(path string, err error) error {
	var problems config.Problems
	switch {
	case errors.As(err, &problems):
		return verdict{code: exitUsage, text: fmt.Sprintf("%s in the policy; nothing was done\n%s", count(len(problems), "problem"), problems),
			hint: "`keytend config check " + path + "` shows the lines"}
	case errors.Is(err, fs.ErrNotExist):
		return hinted{fmt.Errorf("read the policy: %w", err), "`keytend help config` says where it is looked for"}
	case err != nil:
		return fmt.Errorf("read the policy: %w", err)
	}
	return nil
}

// freezesInForce are those of the policy file in force, for commands that follow
// none: they hold what a person types too. A file that can't be read closes the
// gate: see askerInForce.
func (a *app) freezesInForce() []policy.Span {
	p, err := a.loadPolicy(&policyFlag{})
	if err != nil {
		return nil
	}
	return p.Standing()
}
