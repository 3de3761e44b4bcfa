package fakeaws

import (
	"cmp"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// logsService is CloudWatch Logs: groups with retention and tags, and what the
// functions of Lambda wrote into theirs. It has no streams of callers' own, filters
// or queries.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
func logsService() service {
	return service{
		name: "logs", source: "logs.amazonaws.com", protocol: json11, target: "Logs_20140328",
		actions: map[string]action{
			"CreateLogGroup":        {do: createLogGroup, on: onLogGroup},
			"DescribeLogGroups":     {do: describeLogGroups, reads: true},
			"DeleteLogGroup":        onLogs(false, deleteLogGroup),
			"PutRetentionPolicy":    onLogs(false, putRetention),
			"DeleteRetentionPolicy": onLogs(false, putRetention),
			"AssociateKmsKey":       onLogs(false, associateLogKey),
			"DisassociateKmsKey":    onLogs(false, associateLogKey),
			"FilterLogEvents":       onLogs(true, filterLogEvents),
			"TagResource":           onLogs(false, tagLogGroup),
			"UntagResource":         onLogs(false, untagLogGroup),
			"ListTagsForResource":   onLogs(true, listLogGroupTags),
		},
	}
}

// logGroup is a group of CloudWatch Logs.
type logGroup struct {
	name      string
	created   time.Time
	retention int    // days; zero: for ever
	key       string // ARN of the KMS key; empty: CloudWatch's own
	tags      map[string]string
	lines     []logLine
}

type logLine struct {
	at   time.Time
	text string
}

type logInput struct {
	LogGroupName       string            `json:"logGroupName"`
	LogGroupIdentifier string            `json:"logGroupIdentifier"`
	ResourceArn        string            `json:"resourceArn"`
	RetentionInDays    int               `json:"retentionInDays"`
	KMSKeyID           string            `json:"kmsKeyId"`
	Tags               map[string]string `json:"tags"`
	TagKeys            []string          `json:"tagKeys"`
	FilterPattern      string            `json:"filterPattern"`
	StartTime          int64             `json:"startTime"` // milliseconds since 1970
	EndTime            int64             `json:"endTime"`
	Limit              int               `json:"limit"`
	NextToken          string            `json:"nextToken"`
}

// name is the group that a call is about: by name, or by ARN with or without :*.
func (in logInput) name() string {
	text := cmp.Or(in.LogGroupName, in.LogGroupIdentifier, in.ResourceArn)
	if arn, ok := parseARN(text); ok {
		text = strings.TrimSuffix(strings.TrimPrefix(arn.resource, "log-group:"), ":*")
	}
	return text
}

func (s *stores) logGroupARN(name string) string { return s.arn("logs", "log-group:"+name) }

func onLogGroup(r *request) target {
	in, _ := decode[logInput](r)
	return target{arn: r.account.in(r.region).logGroupARN(in.name()) + ":*", context: withTags("logs", nil, in.Tags)}
}

// onLogs is a call about one group.
func onLogs(reads bool, do func(*request, *logGroup, logInput) (any, *apiError)) action {
	return action{reads: reads, on: onLogGroup, do: func(r *request) (any, *apiError) {
		in, err := decode[logInput](r)
		if err != nil {
			return nil, err
		}
		g := r.account.in(r.region).logGroups[in.name()]
		if g == nil {
			return nil, refusal("ResourceNotFoundException", "The specified log group does not exist.")
		}
		return do(r, g, in)
	}}
}

var logGroupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

func createLogGroup(r *request) (any, *apiError) {
	in, err := decode[logInput](r)
	if err != nil {
		return nil, err
	}
	home := r.account.in(r.region)
	switch {
	case !logGroupName.MatchString(in.LogGroupName):
		return nil, refusal("InvalidParameterException", "1 validation error detected: Value '%s' at 'logGroupName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", in.LogGroupName)
	case home.logGroups[in.LogGroupName] != nil:
		return nil, refusal("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	if in.KMSKeyID != "" {
		if err := home.encryptsLogs(r, in.KMSKeyID, in.LogGroupName); err != nil {
			return nil, err
		}
	}
	made := home.addLogGroup(in.LogGroupName, r.now)
	made.tags, made.key = copied(in.Tags), in.KMSKeyID
	return silent()
}

// encryptsLogs wants a key of the region whose policy admits CloudWatch Logs.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
func (s *stores) encryptsLogs(r *request, keyARN, group string) *apiError {
	arn := s.logGroupARN(group)
	k, err := r.key(keyARN)
	if err == nil && k.usable() == nil {
		context := map[string][]string{"kms:EncryptionContext:aws:logs:arn": {arn}}
		if r.aws.serviceMay("logs."+r.region+".amazonaws.com", "kms:GenerateDataKey", k.arn, k.policy, k.home.account, context) {
			return nil
		}
	}
	return refusal("AccessDeniedException", "The specified KMS key does not exist or is not allowed to be used with LogGroup '%s'", arn)
}

func associateLogKey(r *request, g *logGroup, in logInput) (any, *apiError) {
	if r.action == "AssociateKmsKey" {
		if err := r.account.in(r.region).encryptsLogs(r, in.KMSKeyID, g.name); err != nil {
			return nil, err
		}
	}
	g.key = in.KMSKeyID
	return silent()
}

func (s *stores) addLogGroup(name string, now time.Time) *logGroup {
	g := &logGroup{name: name, created: now, tags: map[string]string{}}
	s.logGroups[name] = g
	return g
}

func describeLogGroups(r *request) (any, *apiError) {
	in, err := decode[struct {
		Prefix    string `json:"logGroupNamePrefix"`
		Pattern   string `json:"logGroupNamePattern"`
		Limit     int    `json:"limit"`
		NextToken string `json:"nextToken"`
	}](r)
	if err != nil {
		return nil, err
	}
	type shape struct {
		Name      string `json:"logGroupName"`
		Created   int64  `json:"creationTime"`
		Retention int    `json:"retentionInDays,omitempty"`
		Filters   int    `json:"metricFilterCount"`
		Arn       string `json:"arn"`
		KMSKeyID  string `json:"kmsKeyId,omitempty"`
		Stored    int    `json:"storedBytes"`
	}
	list, home := []shape{}, r.account.in(r.region)
	for _, name := range slices.Sorted(maps.Keys(home.logGroups)) {
		if g := home.logGroups[name]; strings.HasPrefix(name, in.Prefix) && strings.Contains(name, in.Pattern) {
			list = append(list, shape{name, g.created.UnixMilli(), g.retention, 0, home.logGroupARN(name) + ":*", g.key, 0})
		}
	}
	page, next, ok := pageOf(r, list, in.NextToken, cmp.Or(in.Limit, 50), func(s shape) string { return s.Name })
	if !ok {
		return nil, refusal("InvalidParameterException", "The specified nextToken is invalid.")
	}
	return struct {
		Groups []shape `json:"logGroups"`
		Next   string  `json:"nextToken,omitempty"`
	}{page, next}, nil
}

func deleteLogGroup(r *request, g *logGroup, _ logInput) (any, *apiError) {
	delete(r.account.in(r.region).logGroups, g.name)
	return silent()
}

// silent is the answer of a JSON 1.1 call that has nothing to say.
func silent() (any, *apiError) {
	return restAnswer{status: http.StatusOK, header: map[string]string{"Content-Type": jsonTypes[json11]}}, nil
}

// retentions are the numbers of days that AWS keeps logs for.
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func putRetention(r *request, g *logGroup, in logInput) (any, *apiError) {
	if r.action == "PutRetentionPolicy" && !slices.Contains(retentions, in.RetentionInDays) {
		return nil, refusal("InvalidParameterException", "1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: "+
			"Member must satisfy enum value set", in.RetentionInDays)
	}
	g.retention = in.RetentionInDays
	return silent()
}

func tagLogGroup(_ *request, g *logGroup, in logInput) (any, *apiError) {
	g.tags = copied(g.tags)
	maps.Copy(g.tags, in.Tags)
	return silent()
}

func untagLogGroup(_ *request, g *logGroup, in logInput) (any, *apiError) {
	for _, key := range in.TagKeys {
		delete(g.tags, key)
	}
	return silent()
}

func listLogGroupTags(_ *request, g *logGroup, _ logInput) (any, *apiError) {
	return struct {
		Tags map[string]string `json:"tags"`
	}{copied(g.tags)}, nil
}

// filterLogEvents finds lines by a text that is in them, or by all.
func filterLogEvents(r *request, g *logGroup, in logInput) (any, *apiError) {
	type event struct {
		Stream    string `json:"logStreamName"`
		Timestamp int64  `json:"timestamp"`
		Message   string `json:"message"`
		Ingestion int64  `json:"ingestionTime"`
		ID        string `json:"eventId"`
	}
	list, text := []event{}, strings.Trim(in.FilterPattern, `"`)
	for i, line := range g.lines {
		at := line.at.UnixMilli()
		if strings.Contains(line.text, text) && at >= in.StartTime && (in.EndTime == 0 || at < in.EndTime) && g.keeps(line, r.now) {
			list = append(list, event{"latest", at, line.text, at, uuidOf(g.name, line.at.String(), string(rune(i)))})
		}
	}
	return struct {
		Events []event `json:"events"`
	}{list[:min(len(list), cmp.Or(in.Limit, 10000))]}, nil
}

func (g *logGroup) keeps(line logLine, now time.Time) bool {
	return g.retention == 0 || now.Sub(line.at) < time.Duration(g.retention)*day
}

// WriteFunctionLog writes a line into the log of a function, as Lambda does with
// what the function says where its role may: logs:CreateLogStream and
// logs:PutLogEvents, and logs:CreateLogGroup where there is no group yet. false:
// the function is not there, or its role may not.
func (a *AWS) WriteFunctionLog(arn, text string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.functionByARN(arn)
	if f == nil {
		return false
	}
	name := "/aws/lambda/" + f.spec.Name
	g := f.home.logGroups[name]
	needs := []string{"logs:CreateLogStream", "logs:PutLogEvents"}
	if g == nil {
		needs = append(needs, "logs:CreateLogGroup")
	}
	for _, permission := range needs {
		if !a.roleMay(f.spec.Role, permission, f.home.logGroupARN(name)+":log-stream:latest") {
			return false
		}
	}
	now := a.clock.now()
	if g == nil {
		g = f.home.addLogGroup(name, now)
	}
	g.lines = append(g.lines, logLine{now, text})
	return true
}
