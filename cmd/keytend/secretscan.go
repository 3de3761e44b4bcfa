package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotationlambda"
)

// keptSecrets finds secrets that hold keys and are not rotated. It reads no
// value: to read one is a use that somebody may be watching for.
type keptSecrets struct{ regions []string }

func (k *keptSecrets) addTo(command *cobra.Command) {
	command.Flags().StringArrayVar(&k.regions, "secrets", nil,
		"find secrets of Secrets Manager in this `region` that say they hold a user's key, by tag "+rotationlambda.UserTag+" or a key ID in their description, and are not rotated; no value is read (repeatable)")
}

// findings adds those of each region; what could not be read is told.
func (k *keptSecrets) findings(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory, findings []policy.Finding) ([]policy.Finding, []accesskey.Failure) {
	var failures []accesskey.Failure
	for _, region := range k.regions {
		secrets, err := kept(ctx, session, region)
		if err != nil {
			failures = append(failures, awsapi.NewFailure(inv.Account.ID, "", err))
		}
		findings = append(findings, policy.Unrotated(inv, secrets)...)
	}
	return findings, failures
}

// rotatable: a person could have the secret rotated. One that goes soon, that a
// service manages, or that is a replica, which Secrets Manager writes whenever
// the primary in another region is rotated, is nobody's omission.
func rotatable(d awsapi.SecretDescription, region string) bool {
	return d.Deleted.IsZero() && d.OwningService == "" && (d.PrimaryRegion == "" || d.PrimaryRegion == region)
}

func kept(ctx context.Context, session *awsapi.Session, region string) ([]policy.KeptSecret, error) {
	var all []policy.KeptSecret
	for d, err := range session.Secrets(region).Tagged(ctx, "") {
		if err != nil {
			return all, err
		}
		if !rotatable(d, region) {
			continue
		}
		all = append(all, policy.KeptSecret{
			ARN: d.ARN, Name: d.Name, Region: region, Description: d.Description, User: d.Tags[rotationlambda.UserTag],
			Rotated: d.RotationEnabled, Read: now(session),
		})
	}
	return all, nil
}
