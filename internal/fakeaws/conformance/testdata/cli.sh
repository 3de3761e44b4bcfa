# Drives the simulated AWS with Debian's AWS CLI, as an administrator would.
aws=/usr/bin/aws
# CLI 2.9 knows no AWS_ENDPOINT_URL yet.
iam() { "$aws" --endpoint-url "$ENDPOINT" iam "$@"; }
sts() { "$aws" --endpoint-url "$ENDPOINT" sts "$@"; }
die() { echo "cli.sh: $*" >&2; exit 1; }
refused() { # refused CODE command…: AWS says no with this code
	want=$1; shift
	if out=$("$@" 2>&1); then die "$* succeeded, want $want"; fi
	case $out in *"($want)"*) ;; *) die "$*: want $want, got: $out" ;; esac
}

test "$(sts get-caller-identity --query Account --output text)" = "$MANAGEMENT" || die "wrong account"
n=$(iam list-users --query 'Users[].UserName' --output text | wc -w)
test "$n" -gt 100 || die "list-users gave $n: the CLI paginates by itself"
test "$(iam list-users --max-items 7 --query 'Users[].UserName' --output text | head -1 | wc -w)" = 7 || die "max-items"

iam create-user --user-name 'cli,user+x=y@z' --tags Key=owner,Value=cli@example.com >/dev/null
user='cli,user+x=y@z'
first=$(iam create-access-key --user-name "$user" --query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text)
id=${first%%	*} secret=${first#*	}
test "$(AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret sts get-caller-identity --query Arn --output text)" = \
	"arn:aws:iam::$MANAGEMENT:user/$user" || die "the new key is not the user's"
iam create-access-key --user-name "$user" >/dev/null
refused LimitExceeded iam create-access-key --user-name "$user"
iam update-access-key --user-name "$user" --access-key-id "$id" --status Inactive
inactive() { AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret sts get-caller-identity; }
refused InvalidClientTokenId inactive
badly() { AWS_SECRET_ACCESS_KEY=wrongwrongwrongwrongwrongwrongwrongwrong sts get-caller-identity; }
refused SignatureDoesNotMatch badly
refused DeleteConflict iam delete-user --user-name "$user"
refused NoSuchEntity iam get-user --user-name nobody
iam get-access-key-last-used --access-key-id "$id" --query AccessKeyLastUsed.ServiceName --output text | grep -qx sts ||
	die "last used is not sts"

for k in $(iam list-access-keys --user-name "$user" --query 'AccessKeyMetadata[].AccessKeyId' --output text); do
	iam delete-access-key --user-name "$user" --access-key-id "$k"
done
iam delete-user --user-name "$user"

iam generate-credential-report >/dev/null
i=0
until content=$(iam get-credential-report --query Content --output text 2>/dev/null); do
	i=$((i + 1)); test $i -lt 20 || die "no report"
	iam generate-credential-report >/dev/null; sleep 0.3
done
echo "$content" | base64 -d | head -2 | tail -1 | grep -q '^<root_account>,' || die "the root row is not first"

role=arn:aws:iam::$MEMBER:role/OrganizationAccountAccessRole
sts assume-role --role-arn "$role" --role-session-name cli --query Credentials.AccessKeyId --output text | grep -q '^ASIA' ||
	die "assume-role"
test "$("$aws" --endpoint-url "$ENDPOINT" organizations list-accounts --query 'length(Accounts)')" = 2 || die "accounts"
# A secret is rotated by a function, as AWS's documentation says it.
on() { service=$1; shift; "$aws" --endpoint-url "$ENDPOINT" "$service" "$@"; }
trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
role=$(iam create-role --role-name cli-rotation --assume-role-policy-document "$trust" --query Role.Arn --output text)
iam put-role-policy --role-name cli-rotation --policy-name rotate --policy-document \
	'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"}]}'
printf 'not really a program' >"$HOME/bootstrap"
python3 -m zipfile -c "$HOME/function.zip" "$HOME/bootstrap"
arn=$(on lambda create-function --function-name MyRotationFunction --runtime provided.al2 --handler bootstrap --role "$role" \
	--zip-file "fileb://$HOME/function.zip" --query FunctionArn --output text)
on lambda invoke --function-name MyRotationFunction --cli-binary-format raw-in-base64-out --payload '{"key":"value"}' "$HOME/reply.json" |
	grep -q '"StatusCode": 200' || die "invoke"
grep -qx '{"key":"value"}' "$HOME/reply.json" || die "invoke replied $(cat "$HOME/reply.json")"
on secretsmanager create-secret --name MyTestSecret --secret-string first >/dev/null
refused AccessDeniedException on secretsmanager rotate-secret --secret-id MyTestSecret --rotation-lambda-arn "$arn" --rotation-rules AutomaticallyAfterDays=30
on lambda add-permission --function-name "$arn" --principal secretsmanager.amazonaws.com --action lambda:InvokeFunction \
	--statement-id SecretsManagerAccess >/dev/null
on secretsmanager rotate-secret --secret-id MyTestSecret --rotation-lambda-arn "$arn" --rotation-rules AutomaticallyAfterDays=30 >/dev/null
python3 -c 'import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], method="POST"))' "$ENDPOINT/_sim/advance?by=1s"
test "$(on secretsmanager get-secret-value --secret-id MyTestSecret --query SecretString --output text)" = rotated || die "not rotated"
on events put-rule --name MyRule --event-pattern '{"source":["aws.secretsmanager"]}' --query RuleArn --output text | grep -q ':rule/MyRule$' || die "put-rule"

echo "the CLI finds nothing that AWS would not do: $("$aws" --version)"
