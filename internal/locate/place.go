package locate

import "fmt"

// Place names where a key is, in words: "Lambda function nightly in eu-west-1,
// variable KEY".
func (f Find) Place() string {
	text := f.Where
	if what := placeWords[f.Kind]; what != "" {
		text = what
		if f.Where != "" {
			text += " " + f.Where
		}
	}
	if f.Line > 0 {
		text += fmt.Sprintf(":%d", f.Line)
	}
	if f.Region != "" {
		text += " in " + f.Region
	}
	if f.Part != "" {
		text += ", " + f.part()
	}
	return text
}

var placeWords = map[Kind]string{
	InFunction: "Lambda function", InContainer: "ECS task definition", InBuild: "CodeBuild project", InParameter: "SSM parameter",
	InSecret: "secret", InUserData: "user data of instance", InTemplate: "launch template", InKubernetes: "Kubernetes", InHistory: "git history of",
	InState: "Terraform state", InEnviron: "environment of this process",
}

func (f Find) part() string {
	switch {
	case f.Format == AsProfile:
		return "profile " + f.Part
	case f.Kind == InFunction, f.Kind == InEnviron, f.Format == AsVariable, (f.Kind == InContainer || f.Kind == InBuild) && f.Part != "command" && f.Part != "buildspec":
		return "variable " + f.Part
	case f.Kind == InSecret, f.Kind == InParameter:
		return "field " + f.Part
	}
	return f.Part
}
