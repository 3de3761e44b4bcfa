package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/keytend/keytend/internal/accesskey"
)

// OpenWithKey opens a session that signs with one key and knows nothing but o:
// neither environment nor configuration files are read. o.HTTPClient must be
// given. It is for the demo, which must be the same on every computer.
func OpenWithKey(ctx context.Context, id accesskey.ID, secret accesskey.Secret, o Options) *Session {
	key := credentials.NewStaticCredentialsProvider(string(id), secret.Reveal(), "")
	chain := &chain{}
	s := newSession(ctx, aws.Config{
		Region:      o.Region,
		Credentials: chain.close(key, nil),
		HTTPClient:  o.HTTPClient,
		AppID:       o.AppID,
	}, o)
	s.chain = chain
	return s
}
