package awsapi

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
)

// Workload is something that runs, with the settings that it is given.
type Workload struct {
	Name       string // as people call it: "billing", "web:4, container app"
	ARN        string
	Settings   []Setting
	References []Reference
	UsedBy     []string // services of ECS
	Published  bool     // a version of a function, which nobody can change
	Unread     string   // why its settings can't be read; empty: they were
}

// Setting is a text that is given to a workload: a variable, a command line. It
// may be or hold a secret.
type Setting struct {
	Name string
	Text accesskey.Secret
}

// Reference is a setting whose value is kept elsewhere: in a secret, a parameter,
// an object of S3.
type Reference struct {
	Name  string // of the variable; empty: of a file of variables
	Store string // ssm, secretsmanager, s3
	To    string // ARN or name, as it stands there
}

// settingsOf are variables by name.
func settingsOf(variables map[string]string) []Setting {
	var all []Setting
	for name, value := range variables {
		all = append(all, Setting{name, accesskey.NewSecret(value)})
	}
	slices.SortFunc(all, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Functions yields the functions of Lambda in a region, their published versions
// among them (lambda:ListFunctions, and kms:Decrypt where variables are encrypted
// with a key of one's own). It ends at the first error.
// https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
func (s *Session) Functions(ctx context.Context, region string) iter.Seq2[Workload, error] {
	return func(yield func(Workload, error) bool) {
		for marker := ""; ; {
			page, err := s.functionPage(ctx, region, marker)
			if err != nil {
				yield(Workload{}, s.fail("lambda:ListFunctions", err))
				return
			}
			for _, f := range page.Functions {
				if !yield(f.workload(), nil) {
					return
				}
			}
			if marker = page.NextMarker; marker == "" {
				return
			}
		}
	}
}

type functionPage struct {
	NextMarker string
	Functions  []listedFunction
}

type listedFunction struct {
	FunctionName, FunctionArn, Version string
	Environment                        struct {
		Variables map[string]string
		Error     struct{ ErrorCode, Message string }
	}
}

func (s *Session) functionPage(ctx context.Context, region, marker string) (page functionPage, err error) {
	asked := url.Values{"FunctionVersion": {"ALL"}, "MaxItems": {"50"}}
	if marker != "" {
		asked.Set("Marker", marker)
	}
	err = s.wire(ctx, wireCall{
		service: "Lambda", host: "lambda", action: "ListFunctions", region: region, method: http.MethodGet, path: "/2015-03-31/functions?" + asked.Encode(),
		read: document(json.Unmarshal, &page),
	})
	return page, err
}

func (f listedFunction) workload() Workload {
	w := Workload{Name: f.FunctionName, ARN: f.FunctionArn, Settings: settingsOf(f.Environment.Variables)}
	if _, err := strconv.Atoi(f.Version); err == nil {
		w.Name, w.Published = f.FunctionName+":"+f.Version, true
	}
	if e := f.Environment.Error; e.ErrorCode != "" {
		w.Unread = "its variables could not be decrypted: " + Redact(e.ErrorCode+": "+e.Message)
	}
	return w
}

// target is a service of JSON 1.1 in a region.
func (s *Session) target(region, id, name, target string) func(ctx context.Context, operation string, in, out any) error {
	return func(ctx context.Context, operation string, in, out any) error {
		return s.fail(name+":"+operation, s.wireJSON(ctx, wireCall{service: id, host: name, target: target, action: operation, region: region}, in, out))
	}
}

// buildBatch is how many projects are asked about at once.
// https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetProjects.html
const buildBatch = 100

// Projects yields the projects of CodeBuild in a region (codebuild:ListProjects,
// codebuild:BatchGetProjects). It ends at the first error.
func (s *Session) Projects(ctx context.Context, region string) iter.Seq2[Workload, error] {
	return func(yield func(Workload, error) bool) {
		call := s.target(region, "CodeBuild", "codebuild", "CodeBuild_20161006")
		in := map[string]string{}
		for {
			var page struct {
				Projects  []string
				NextToken string
			}
			err := call(ctx, "ListProjects", in, &page)
			for names := range slices.Chunk(page.Projects, buildBatch) {
				var out struct{ Projects []buildProject }
				if err = call(ctx, "BatchGetProjects", map[string]any{"names": names}, &out); err != nil {
					break
				}
				for _, p := range out.Projects {
					if !yield(p.workload(), nil) {
						return
					}
				}
			}
			if err != nil {
				yield(Workload{}, err)
				return
			}
			if page.NextToken == "" {
				return
			}
			in["nextToken"] = page.NextToken
		}
	}
}

type buildProject struct {
	Name, ARN   string
	Source      struct{ Buildspec string }
	Environment struct {
		EnvironmentVariables []struct{ Name, Value, Type string }
	}
}

// buildStores are where variables of other types than PLAINTEXT are kept.
var buildStores = map[string]string{"PARAMETER_STORE": "ssm", "SECRETS_MANAGER": "secretsmanager"}

func (p buildProject) workload() Workload {
	w := Workload{Name: p.Name, ARN: p.ARN}
	for _, v := range p.Environment.EnvironmentVariables {
		if store := buildStores[v.Type]; store != "" {
			w.References = append(w.References, Reference{v.Name, store, v.Value})
			continue
		}
		w.Settings = append(w.Settings, Setting{v.Name, accesskey.NewSecret(v.Value)})
	}
	if p.Source.Buildspec != "" {
		w.Settings = append(w.Settings, Setting{"buildspec", accesskey.NewSecret(p.Source.Buildspec)})
	}
	return w
}
