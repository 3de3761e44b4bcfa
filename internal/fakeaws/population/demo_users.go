package population

import (
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

const (
	minute = time.Minute
	hour   = time.Hour
)

// demoUsers is the cast: machines, people, and those who have left.
func demoUsers() []demoUser {
	return append(append(demoMachines(), demoPeople()...), demoStrangers()...)
}

// demoMachines: pipelines and services, which hold the keys that matter.
func demoMachines() []demoUser {
	return []demoUser{
		// The worst: three years old, an administrator's, in every build.
		{name: "ci-github-deploy", path: "/ci/", age: 1160, owner: "platform@example.com", team: "platform",
			attached: []string{administratorAccess},
			keys:     []demoKey{on(1127, 4*minute, "cloudformation", "eu-central-1")}},
		{name: "ci-terraform", path: "/ci/", age: 800, owner: "platform@example.com", team: "platform",
			groups: []string{"ci-deployers"}, attached: []string{ownPolicy(AccountID(0), "/ci/lambda-deployer")},
			keys: []demoKey{on(412, 2*hour, "ec2", "eu-central-1")}},
		// Replaced by GitHub's runners; nobody switched it off.
		{name: "jenkins", path: "/", age: 2050, groups: []string{"administrators"},
			keys: []demoKey{on(2049, 431*day, "s3", "eu-west-1")}},
		// Found in a public repository by AWS, and busy where nobody works.
		{name: "svc-telemetry", path: "/service/", age: 380, owner: "data@example.com", team: "data",
			attached: []string{quarantineV3, ownPolicy(AccountID(0), "/service/queue-worker")},
			keys:     []demoKey{on(51, 38*minute, "bedrock", "ap-southeast-1")}},
		// A rotation half done: the new key works, the old one still does too.
		{name: "svc-billing", path: "/service/", age: 900, owner: "payments@example.com", team: "payments",
			attached: []string{ownPolicy(AccountID(0), "/service/queue-worker")},
			keys:     []demoKey{on(213, 3*day, "dynamodb", "eu-central-1"), on(6, 20*minute, "dynamodb", "eu-central-1")}},
		{name: "svc-orders", path: "/service/", age: 640, owner: "payments@example.com", team: "payments",
			attached: []string{ownPolicy(AccountID(0), "/service/queue-worker")},
			keys:     []demoKey{on(33, 2*minute, "sqs", "eu-central-1")}},
		{name: "svc-media", path: "/service/", age: 540, owner: "web@example.com", team: "web",
			attached: []string{s3ReadOnlyAccess}, keys: []demoKey{on(86, 11*minute, "s3", "eu-west-1")}},
		{name: "svc-mailer", path: "/service/", age: 1300, owner: "growth@example.com", team: "growth",
			inline: map[string]string{"send": sendMail}, keys: []demoKey{on(645, minute, "ses", "eu-west-1")}},
		{name: "svc-etl-staging", path: "/service/", age: 410, owner: "data@example.com", team: "data",
			attached: []string{s3ReadOnlyAccess}, keys: []demoKey{on(188, 131*day, "s3", "eu-central-1")}},
		{name: "svc-search", path: "/service/", age: 300, owner: "web@example.com", team: "web",
			attached: []string{ownPolicy(AccountID(0), "/service/queue-worker")},
			keys:     []demoKey{on(58, 5*minute, "dynamodb", "eu-central-1"), off(240, 59*day, "dynamodb")}},
		{name: "svc-reports", path: "/service/", age: 260, owner: "data@example.com", team: "data",
			attached: []string{s3ReadOnlyAccess}, keys: []demoKey{on(17, 6*hour, "s3", "eu-central-1")}},
		// Older than anybody in the company, and allowed everything.
		{name: "backup", path: "/", age: 2980, inline: map[string]string{"everything": everything},
			keys: []demoKey{on(2979, 2190*day, "s3", "us-east-1")}},
	}
}

// demoPeople: most sign in with a password and MFA and need no key.
func demoPeople() []demoUser {
	people := []demoUser{
		{name: "alice.brown", age: 1500, password: console(70, 3*hour, true), groups: []string{"staff", "administrators"}},
		{name: "ben.hoffmann", age: 1120, password: console(200, day, true)},
		{name: "carla.rossi", age: 730, password: console(31, 5*hour, true), keys: []demoKey{on(12, 2*hour, "s3", "eu-central-1")}},
		{name: "david.kim", age: 700, password: console(88, 26*hour, true), keys: []demoKey{on(41, hour, "ecr", "eu-central-1")}},
		{name: "elena.petrov", age: 610, password: console(15, 2*day, true)},
		{name: "farid.ahmed", age: 590, password: console(51, 4*hour, true), keys: []demoKey{on(402, 9*hour, "lambda", "eu-central-1")}},
		{name: "grace.lee", age: 480, password: console(140, 6*hour, true)},
		{name: "hana.sato", age: 470, password: console(9, hour, true), groups: []string{"staff", "on-call"},
			keys: []demoKey{on(122, 3*hour, "iam", "us-east-1")}},
		{name: "ivan.novak", age: 400, password: console(61, 8*day, true)},
		{name: "julia.meyer", age: 380, password: console(300, 2*hour, false), keys: []demoKey{on(64, 12*hour, "ec2", "eu-central-1")}},
		{name: "kenji.tanaka", age: 350, password: console(77, 7*hour, true)},
		{name: "lena.fischer", age: 300, password: console(44, 3*day, true), keys: []demoKey{off(280, 97*day, "s3")}},
		{name: "maria.silva", age: 240, password: console(21, 5*hour, true), keys: []demoKey{on(81, 30*minute, "sts", "us-east-1")}},
		{name: "noah.abbott", age: 190, password: console(190, 112*day, false)},
		{name: "olga.wagner", age: 150, password: console(30, 9*hour, true)},
		{name: "priya.patel", age: 90, password: console(60, 4*hour, true), keys: []demoKey{on(29, 15*minute, "logs", "eu-central-1")}},
		// The wizard offered a key along with the password.
		{name: "quentin.dubois", age: 9, password: console(9, 20*hour, false), atSetup: true, keys: []demoKey{neverOn(9)}},
		{name: "rosa.diaz", age: 1900, password: console(400, 10*day, true), extra: oldHabits},
	}
	for i := range people {
		p := &people[i]
		p.path, p.owner, p.team = "/staff/", p.name+"@example.com", teams[i%len(teams)]
		if p.groups == nil {
			p.groups = []string{"staff", "developers"}
		}
	}
	return people
}

// oldHabits: credentials that aren't keys and are judged like them.
func oldHabits(d *draw, u *fakeaws.UserSpec) {
	u.ServiceCredentials = []fakeaws.ServiceCredentialSpec{d.serviceCredential(u.Name, "codecommit.amazonaws.com", "Active", 1600*day)}
	u.Certificates = []fakeaws.CertificateSpec{d.certificate("Active", 1850*day)}
}

// demoStrangers: contractors whose keys outlived their contracts, vendors, and
// the account for emergencies, which is as it should be.
func demoStrangers() []demoUser {
	return []demoUser{
		{name: "ext-tomas.garcia", path: "/contractors/", age: 330, groups: []string{"contractors"}, keys: []demoKey{neverOn(329)}},
		{name: "ext-uma.nakamura", path: "/contractors/", age: 520, groups: []string{"contractors"},
			keys: []demoKey{on(519, 204*day, "s3", "eu-central-1")}},
		{name: "ext-victor.cohen", path: "/contractors/", age: 610, groups: []string{"contractors", "developers"},
			keys: []demoKey{on(608, 371*day, "ec2", "us-west-2")}},
		{name: "ext-wei.zhang", path: "/contractors/", age: 70, owner: "web@example.com", team: "web", groups: []string{"contractors"},
			keys: []demoKey{on(66, 5*day, "s3", "eu-central-1")}},
		{name: "ext-yara.kaya", path: "/contractors/", age: 800, groups: []string{"contractors"},
			keys: []demoKey{off(795, 500*day, "s3"), off(640, 460*day, "s3")}},
		{name: "vendor-acme-backup", path: "/vendor/", age: 1320, owner: "infra@example.com", team: "infra",
			attached: []string{ownPolicy(AccountID(0), "/backup-writer")}, keys: []demoKey{on(1318, 5*hour, "s3", "eu-central-1")}},
		{name: "vendor-initech-monitoring", path: "/vendor/", age: 830, owner: "infra@example.com", team: "infra",
			groups: []string{"readers"}, keys: []demoKey{on(828, 3*minute, "monitoring", "eu-central-1")}},
		{name: "break-glass", path: "/emergency/", age: 1000, owner: "security@example.com", team: "security",
			groups: []string{"break-glass"}, password: console(60, 35*day, true)},
	}
}
