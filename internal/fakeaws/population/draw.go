package population

import (
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

const day = 24 * time.Hour

// keysOfOneUser bounds how many identifiers one user can need: keys,
// certificates and service credentials together.
const keysOfOneUser = 16

// draw makes one user: its dice depend on the seed, the account and the user's
// number only, so that any user can be made without the others.
type draw struct {
	dice
	seed    uint64
	account string
	now     time.Time
	number  int
	used    int // identifiers taken
}

func newDraw(seed uint64, account string, index, number int, now time.Time) *draw {
	return &draw{
		dice:    newDice(seed, uint64(index)<<20|uint64(number)),
		seed:    seed,
		account: account,
		now:     now.UTC().Truncate(time.Second),
		number:  number,
	}
}

// id returns the user's next identifier.
func (d *draw) id(prefix string) string {
	serial := d.number*keysOfOneUser + d.used
	d.used++
	return identifier(prefix, d.account, d.seed, uint64(serial))
}

// ago is a moment that long before now.
func (d *draw) ago(age time.Duration) time.Time { return d.now.Add(-age) }

// user returns a user of that age with nothing but an ID.
func (d *draw) user(name, path string, age time.Duration) fakeaws.UserSpec {
	return fakeaws.UserSpec{Name: name, Path: path, ID: d.id("AIDA") + d.text(1, capitals), Created: d.ago(age)}
}

// key returns a key of that age that has never been used.
func (d *draw) key(status string, age time.Duration) fakeaws.KeySpec {
	return fakeaws.KeySpec{ID: d.id("AKIA"), Secret: d.text(40, secretAlphabet), Status: status, Created: d.ago(age)}
}

// active returns an Active key, last used that long ago by a service of the
// dice's choice.
func (d *draw) active(age, used time.Duration) fakeaws.KeySpec {
	return d.lastUsed(d.key("Active", age), used)
}

// inactive is the same for an Inactive key.
func (d *draw) inactive(age, used time.Duration) fakeaws.KeySpec {
	return d.lastUsed(d.key("Inactive", age), used)
}

func (d *draw) lastUsed(k fakeaws.KeySpec, ago time.Duration) fakeaws.KeySpec {
	place := pick(d.dice, places)
	k.LastUsed = &fakeaws.KeyUse{At: d.ago(ago), Service: place.service, Region: place.region}
	return k
}

// places are services and regions as last-used data names them; the often seen
// stand there more than once. Global services are said to be used in
// us-east-1.
var places = []struct{ service, region string }{
	{"s3", "us-east-1"}, {"s3", "us-east-1"}, {"s3", "eu-west-1"}, {"s3", "eu-central-1"},
	{"sts", "us-east-1"}, {"sts", "us-east-1"}, {"iam", "us-east-1"},
	{"ec2", "us-west-2"}, {"ec2", "eu-central-1"}, {"ecr", "us-east-1"}, {"ecr", "eu-west-1"},
	{"dynamodb", "us-east-1"}, {"sqs", "us-east-1"}, {"sqs", "ap-northeast-1"},
	{"ses", "eu-west-1"}, {"lambda", "us-east-1"}, {"cloudformation", "us-east-2"},
	{"monitoring", "us-east-1"}, {"secretsmanager", "eu-central-1"}, {"kms", "ap-southeast-2"},
	{"logs", "us-east-1"}, {"ssm", "sa-east-1"}, {"bedrock", "us-west-2"},
}
