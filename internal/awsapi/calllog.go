package awsapi

import (
	"context"
	"log/slog"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
)

// logCalls writes one debug line for each call, retries included. Neither
// parameters nor bodies are logged: both can hold secrets.
func logCalls(log *slog.Logger) func(*middleware.Stack) error {
	note := middleware.InitializeMiddlewareFunc("keytend:logCalls",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			if !log.Enabled(ctx, slog.LevelDebug) {
				return next.HandleInitialize(ctx, in)
			}
			began := time.Now()
			out, metadata, err := next.HandleInitialize(ctx, in)
			logCall(ctx, log, awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx), began, metadata, err)
			return out, metadata, err
		})
	return func(stack *middleware.Stack) error { return stack.Initialize.Add(note, middleware.After) }
}

func logCall(ctx context.Context, log *slog.Logger, service, action string, began time.Time, metadata middleware.Metadata, err error) {
	attempts := 0
	if results, ok := retry.GetAttemptResults(metadata); ok {
		attempts = len(results.Results)
	}
	requestID, _ := awsmiddleware.GetRequestIDMetadata(metadata)
	logAttempts(ctx, log, service, action, began, attempts, requestID, err)
}

func logAttempts(ctx context.Context, log *slog.Logger, service, action string, began time.Time, attempts int, requestID string, err error) {
	args := []any{"service", service, "action", action, "ms", time.Since(began).Milliseconds(), "attempts", attempts, "request_id", requestID}
	if err != nil {
		args = append(args, "class", string(ClassOf(err)))
	}
	log.DebugContext(ctx, "aws call", args...)
}
