package awsapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ConfigRule is one rule of AWS Config in the session's region.
type ConfigRule struct {
	Name       string
	Identifier string // of an AWS managed rule (ACCESS_KEYS_ROTATED, …), else a Lambda ARN or empty
	Active     bool
}

// ConfigRules lists AWS Config's rules in the session's region
// (config:DescribeConfigRules).
func (s *Session) ConfigRules(ctx context.Context) ([]ConfigRule, error) {
	var rules []ConfigRule
	in := map[string]string{}
	for {
		var out struct {
			ConfigRules []struct {
				ConfigRuleName, ConfigRuleState string
				Source                          struct{ SourceIdentifier string }
			}
			NextToken string
		}
		if err := s.configCall(ctx, "DescribeConfigRules", in, &out); err != nil {
			return nil, s.fail("config:DescribeConfigRules", err)
		}
		for _, r := range out.ConfigRules {
			rules = append(rules, ConfigRule{r.ConfigRuleName, r.Source.SourceIdentifier, r.ConfigRuleState == "ACTIVE"})
		}
		switch out.NextToken {
		case "":
			return rules, nil
		case in["NextToken"]:
			return nil, s.fail("config:DescribeConfigRules", errCutOff)
		}
		in["NextToken"] = out.NextToken
	}
}

// ConfigRecording reports whether a configuration recorder runs in the
// session's region (config:DescribeConfigurationRecorderStatus): without one,
// rules judge nothing.
func (s *Session) ConfigRecording(ctx context.Context) (bool, error) {
	var out struct {
		ConfigurationRecordersStatus []struct {
			Recording bool `json:"recording"`
		}
	}
	if err := s.configCall(ctx, "DescribeConfigurationRecorderStatus", struct{}{}, &out); err != nil {
		return false, s.fail("config:DescribeConfigurationRecorderStatus", err)
	}
	for _, r := range out.ConfigurationRecordersStatus {
		if r.Recording {
			return true, nil
		}
	}
	return false, nil
}

// configService is the SDK's name for AWS Config; its own client is a hundred
// times the size of the two calls needed here.
const configService = "Config Service"

// configCall makes one JSON 1.1 call, tried again as the SDK's clients do.
func (s *Session) configCall(ctx context.Context, action string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	retryer := s.retryers.of("config:" + action)
	release := func(error) error { return nil }
	for attempt := 1; ; attempt++ {
		done, err := retryer.GetAttemptToken(ctx)
		if err != nil {
			return err
		}
		err = s.configAttempt(ctx, action, body, out)
		_, _ = release(err), done(err)
		if err == nil || attempt >= retryer.MaxAttempts() || !retryer.IsErrorRetryable(err) {
			return err
		}
		if release, err = s.waitForRetry(ctx, retryer, attempt, err); err != nil {
			return err
		}
	}
}

// waitForRetry takes a retry from the account's budget and sleeps before it.
func (s *Session) waitForRetry(ctx context.Context, retryer aws.RetryerV2, attempt int, failed error) (func(error) error, error) {
	release, err := retryer.GetRetryToken(ctx, failed)
	if err != nil {
		return nil, failed
	}
	delay, err := retryer.RetryDelay(attempt, failed)
	if err != nil {
		return nil, failed
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(delay):
		return release, nil
	}
}

func (s *Session) configAttempt(ctx context.Context, action string, body []byte, out any) error {
	request, err := s.configRequest(ctx, action, body)
	if err != nil {
		return err
	}
	sent := time.Now()
	answer, err := s.config.HTTPClient.Do(request)
	if err != nil {
		logAttempts(ctx, s.clock.log, configService, action, sent, 1, "", err)
		return &smithyhttp.RequestSendError{Err: err}
	}
	defer func() { _ = answer.Body.Close() }()
	s.clock.read(answer.Header, sent, time.Now())
	err = readConfigAnswer(answer, out)
	logAttempts(ctx, s.clock.log, configService, action, sent, 1, answer.Header.Get("X-Amzn-Requestid"), err)
	return err
}

func (s *Session) configRequest(ctx context.Context, action string, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.configEndpoint(ctx), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "StarlingDoveService."+action)
	request.Header.Set("User-Agent", s.config.AppID)
	credentials, err := s.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("get credentials: %w", err)
	}
	sum := sha256.Sum256(body)
	return request, v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), "config", s.config.Region, s.Now())
}

// configEndpoint follows the SDK's order: the service's own setting, the one
// for all services, the partition's.
func (s *Session) configEndpoint(ctx context.Context) string {
	type serviceEndpoints interface {
		GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
	}
	for _, source := range s.config.ConfigSources {
		if endpoints, ok := source.(serviceEndpoints); ok {
			if endpoint, found, err := endpoints.GetServiceBaseEndpoint(ctx, configService); found && err == nil {
				return endpoint
			}
		}
	}
	if endpoint := aws.ToString(s.config.BaseEndpoint); endpoint != "" {
		return endpoint
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(s.config.Region, "cn-") {
		domain = "amazonaws.com.cn"
	}
	return "https://config." + s.config.Region + "." + domain + "/"
}

// maxConfigAnswer bounds one page; real ones are at most some 100 KiB.
const maxConfigAnswer = 16 << 20

func readConfigAnswer(answer *http.Response, out any) error {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxConfigAnswer))
	if err != nil {
		return &smithyhttp.RequestSendError{Err: err}
	}
	if answer.StatusCode == http.StatusOK {
		return json.Unmarshal(body, out)
	}
	var refusal struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &refusal) // a refusal without JSON is told by its status
	code := refusal.Type[strings.LastIndex(refusal.Type, "#")+1:]
	if code == "" {
		code = answer.Status
	}
	return &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: answer},
		Err:      &smithy.GenericAPIError{Code: code, Message: refusal.Message},
	}
}
