package iampolicy

import "strings"

// managed holds AWS managed policies that make their holder an administrator,
// for callers that know only the ARN. Of each, the statements that matter.
var managed = map[string]string{
	"AdministratorAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	"IAMFullAccess":       `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}`,
	"PowerUserAccess":     `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"}]}`,
	"AWSLambda_FullAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"*"},` +
		`{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}]}`,
}

// isManagedByAWS reports whether an ARN is arn:PARTITION:iam::aws:policy/….
func isManagedByAWS(arn string) bool { return strings.Contains(arn, ":iam::aws:policy/") }

// withManaged fills in the documents of policies known by ARN alone.
func withManaged(docs []NamedDocument) []NamedDocument {
	out := make([]NamedDocument, 0, len(docs))
	for _, d := range docs {
		if len(d.Document.Statements) == 0 && isManagedByAWS(d.ARN) {
			d.Document = managedDocument(d.ARN[strings.LastIndexByte(d.ARN, '/')+1:])
		}
		out = append(out, d)
	}
	return out
}

func managedDocument(name string) Document {
	text, known := managed[name]
	if !known {
		return Document{}
	}
	doc, err := Parse(text)
	if err != nil {
		panic(err) // the texts are constants, and a test parses each
	}
	return doc
}
