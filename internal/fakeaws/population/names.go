package population

import (
	"fmt"
	"strings"
)

var firstNames = strings.Fields(`
	ada alan alice amir ana anders anita asha ben bianca carla carlos cheng chloe
	daria david diego elena emeka emil eva fatima felix freya george grace hana
	hugo ines ingrid ivan jane jonas jorge julia kai karim kenji lara lena leo
	li lucas maja marco maria mei mia milan nadia nina noah olga omar oscar paula
	pedro priya rafael rosa samir sara sofia tariq tessa tomas uma vera victor
	wei xenia yara yusuf zoe`)

var lastNames = strings.Fields(`
	abbott aguilar ahmed almeida andersen araujo baker bauer becker bianchi brown
	castro chen cohen costa dahl das davies diaz dubois eriksen evans fischer
	flores fontaine fujita garcia gomez gupta haas hansen hoffmann huang ibrahim
	ito jansen jensen johnson kaya keller khan kim kovacs kumar larsen lee lopez
	martin meyer mueller murphy nakamura nguyen novak okafor olsen ortiz park
	patel pereira petrov quinn reyes rossi ruiz sato schmidt silva singh smith
	tanaka taylor torres vargas wagner walker wang weber yilmaz young zhang`)

var (
	systems   = strings.Fields(`billing orders search media etl ledger mailer crm inventory telemetry payroll reports sso-sync thumbnails warehouse webhook`)
	stages    = strings.Fields(`prod prod prod staging dev`)
	pipelines = strings.Fields(`github-actions gitlab jenkins circleci terraform packer ansible spinnaker`)
	vendors   = strings.Fields(`acme-backup initech-monitoring globex-cdn hooli-siem umbrella-scan`)
	teams     = strings.Fields(`platform payments data web mobile security growth infra support`)
)

// kind is what a user is there for. It decides how names, keys and groups are
// drawn.
type kind int

const (
	human kind = iota
	service
	pipeline
	contractor
	vendor
)

// nameOf returns the name and path of an ordinary user. The number keeps it
// unique: within an account no two names differ only by case, as in IAM.
func nameOf(d dice, k kind, number int) (name, path string) {
	switch k {
	case service:
		return fmt.Sprintf("svc-%s-%s-%d", pick(d, systems), pick(d, stages), number), pick(d, []string{"/service/", "/service/", "/"})
	case pipeline:
		return fmt.Sprintf("ci-%s-%d", pick(d, pipelines), number), pick(d, []string{"/ci/", "/"})
	case vendor:
		return fmt.Sprintf("vendor-%s-%d", pick(d, vendors), number), "/vendor/"
	case contractor:
		return "ext-" + person(number), "/contractors/"
	}
	if d.percent(40) {
		return person(number) + "@example.com", pick(d, []string{"/", "/staff/"})
	}
	return person(number), pick(d, []string{"/", "/", "/staff/", "/staff/engineering/"})
}

// person returns the first.last of a number: another one for each number.
func person(number int) string {
	first := firstNames[number%len(firstNames)]
	rest := number / len(firstNames)
	// Neighbours get other surnames too, so that a short list isn't monotonous.
	last := lastNames[(rest+7*(number%len(firstNames)))%len(lastNames)]
	if round := rest / len(lastNames); round > 0 {
		return fmt.Sprintf("%s.%s%d", first, last, round+1)
	}
	return first + "." + last
}
