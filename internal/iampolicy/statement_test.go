package iampolicy

import "testing"

func TestStatementCovers(t *testing.T) {
	d, err := Parse(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::home/${aws:username}/*","Condition":{"StringEquals":{"aws:username":"ana"}}},
		{"Effect":"Deny","NotAction":"iam:*","NotResource":"arn:aws:s3:::open/*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]string{"aws:UserName": {"ana"}}
	get, deny := &d.Statements[0], &d.Statements[1]
	for name, ok := range map[string]bool{
		"an action, in any case":             get.CoversAction("S3:getObject"),
		"no other action":                    !get.CoversAction("s3:PutObject"),
		"all actions but some":               deny.CoversAction("s3:PutObject") && !deny.CoversAction("iam:ListUsers"),
		"a resource with a variable":         get.CoversResource("arn:aws:s3:::home/ana/x", keys) && !get.CoversResource("arn:aws:s3:::home/bo/x", keys),
		"all resources but some":             deny.CoversResource("arn:aws:s3:::home/x", nil) && !deny.CoversResource("arn:aws:s3:::open/x", nil),
		"a condition, where its key is told": get.Conditions[0].Holds(keys) && !get.Conditions[0].Holds(nil),
	} {
		if !ok {
			t.Errorf("does not cover %s", name)
		}
	}
}
