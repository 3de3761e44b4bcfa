package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/keytend/keytend/internal/destination/credentialsfile"
	"github.com/keytend/keytend/internal/destination/dotenv"
	"github.com/keytend/keytend/internal/destination/stored"
	"github.com/keytend/keytend/internal/locate"
)

// spot is a place where a key was found, and what can be done there.
type spot struct {
	locate.Find
	Destination string // to which the next key can be delivered; empty: none
	Maybe       bool   // nobody has seen yet that the key is there
	Instead     string // what to do where it is no destination
}

func (l *locating) spots() []spot {
	var spots []spot
	for _, f := range l.found.Finds {
		spots = append(spots, l.spot(f))
	}
	return spots
}

// spot finds out whether a place is a destination, and holds its name to what
// `keytend config check` accepts.
func (l *locating) spot(f locate.Find) spot {
	s := spot{Find: f, Maybe: f.Mention}
	name, instead := destinationOf(f)
	switch {
	case f.Whose.User == "":
		s.Instead = "whose key it is isn't known, so nothing can be delivered"
	case instead != "":
		s.Instead = instead
	case f.In != "" && f.In != f.Whose.Account:
		s.Instead = "it is in account " + f.In + ", and the key is account " + f.Whose.Account + "'s: have a program deliver it there (exec)"
	case strings.ContainsAny(name, "{}"):
		s.Instead = "its name has braces, which stand for something else in a policy"
	default:
		if err := l.app.policyChecks().Destination(name); err != nil {
			s.Instead = err.Error()
		} else {
			s.Destination = name
		}
	}
	return s
}

// destinationOf is the name of the destination that a place is, or what to do
// instead.
func destinationOf(f locate.Find) (name, instead string) {
	switch f.Kind {
	case locate.InSecret:
		return storedIn(f)
	case locate.InParameter:
		if !f.Encrypted {
			return "", "anybody who may read parameters reads it there: make a SecureString of it that holds a JSON object, which is a destination"
		}
		return storedIn(f)
	case locate.InFile:
		return inFile(f)
	}
	return "", insteadOf(f)
}

// storedIn names a secret or a parameter.
func storedIn(f locate.Find) (name, instead string) {
	switch {
	case f.Stale:
		return "", "what it says of itself is out of date: put it right, or have the key in it"
	case f.Keeper != "":
		return "", f.Keeper + " writes it: see keytend secret status"
	case !f.Mention && f.Field == "":
		return "", "its value is no JSON object with the ID as a field of its own: make one of it, with ID and secret, which is a destination"
	case !f.Mention && f.SecretField == "":
		return "", "which of its fields is the secret could not be told: name it with ?key-field=" + f.Field + "&secret-field=…"
	}
	spec := stored.Spec{Name: f.Where, Region: f.Region}
	plain := fmt.Sprintf("{%q: \"\", %q: \"\"}", f.Field, f.SecretField)
	if _, err := (stored.Document{}).Read(plain); !f.Mention && err != nil { // not recognised by their names
		spec.IDField, spec.SecretField = f.Field, f.SecretField
	}
	return string(f.Kind) + ":" + spec.String(), ""
}

// inFile names a file on this computer.
func inFile(f locate.Find) (name, instead string) {
	prefix, whole := strings.CutSuffix(f.Part, "AWS_ACCESS_KEY_ID")
	switch {
	case inLine(f.Where) != f.Where || inLine(f.Part) != f.Part:
		return "", "its name has characters that can't be written down: give it another"
	case strings.Contains(f.Where, "#"):
		return "", "its path has a #, which a destination's name can't have: keep the file elsewhere"
	case f.Format == locate.AsProfile && filepath.Base(f.Where) == "config":
		return "", "move the profile's key into the credentials file, where it is a destination"
	case f.Format == locate.AsProfile:
		return credentialsfile.Kind + ":" + f.Where + "#" + f.Part, ""
	case f.Format == locate.AsVariable && whole && prefix == "":
		return dotenv.Kind + ":" + f.Where, ""
	case f.Format == locate.AsVariable && whole:
		return dotenv.Kind + ":" + f.Where + "#" + prefix, ""
	}
	return "", "have the program read a dotenv or credentials file in its place, which are destinations; or deliver with a program of your own (exec)"
}

// insteadOf says what to do about a place to which nothing is delivered.
func insteadOf(f locate.Find) string {
	switch f.Kind {
	case locate.InFunction:
		if f.Published {
			return "a published version never changes: publish one without the key, move aliases to it, delete this one"
		}
		return "give the function an execution role in place of the key, or have it read a secret at run time"
	case locate.InContainer:
		return "give the task a task role in place of the key, or let secrets (valueFrom) name a secret; services take it up with their next deployment"
	case locate.InBuild:
		return "give the project's service role the rights in place of the key, or let the variable name a secret (SECRETS_MANAGER)"
	case locate.InUserData, locate.InTemplate:
		return "give the instance an instance profile in place of the key; every program on it can read user data"
	case locate.InKubernetes:
		return "give the pods a role (EKS Pod Identity, IRSA), or deliver to a secret of Secrets Manager that External Secrets or the CSI driver brings in; a program of yours can write it too (exec)"
	case locate.InHistory:
		return "history can't be delivered to: replace the key, and it is worth nothing"
	case locate.InState:
		if f.Keeper != "" {
			return "Terraform made the key: let it rotate it, or hand it over first (--terraform-state of scan and plan)"
		}
		return "it mirrors a resource: change what that resource takes its key from"
	case locate.InEnviron:
		return "where the variable is set is what counts: look there (--dir)"
	}
	return ""
}
