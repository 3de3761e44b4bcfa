"""Drives Secrets Manager's rotation, Lambda, EventBridge and Scheduler with boto3.

Each check names what AWS does; the first that fails ends the run with exit 1.
Every answer is, besides, held to the API models by the server side.
"""
import io
import json
import os
import time
import urllib.request
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, MANAGEMENT = os.environ["ENDPOINT"], os.environ["MANAGEMENT"]
ONCE = Config(retries={"max_attempts": 0})


def client(name):
    return boto3.client(name, endpoint_url=ENDPOINT, region_name="eu-west-1", config=ONCE)


def fails(code, status, call, **kw):
    """AWS refuses this call with this code and HTTP status; returns its message."""
    try:
        call(**kw)
    except ClientError as e:
        got = e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"]
        assert got == (code, status), f"{call.__name__}: {got}, want {(code, status)}: {e}"
        return e.response["Error"]["Message"]
    raise AssertionError(f"{call.__name__} succeeded, want {code}")


def advance(by):
    urllib.request.urlopen(urllib.request.Request(f"{ENDPOINT}/_sim/advance?by={by}", method="POST")).read()


def trusting(service):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})


iam, functions, secrets = client("iam"), client("lambda"), client("secretsmanager")
rules, schedules, topics = client("events"), client("scheduler"), client("sns")

# --- roles
execution = iam.create_role(RoleName="rails-function", AssumeRolePolicyDocument=trusting("lambda.amazonaws.com"))["Role"]["Arn"]
iam.put_role_policy(RoleName="rails-function", PolicyName="rotate", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}]}))
other = iam.create_role(RoleName="rails-other", AssumeRolePolicyDocument=trusting("ec2.amazonaws.com"))["Role"]["Arn"]

# --- Lambda: functions
package = io.BytesIO()
with zipfile.ZipFile(package, "w") as z:
    z.writestr("bootstrap", "#!/bin/sh\n")
make = {"FunctionName": "rails", "Runtime": "provided.al2", "Handler": "bootstrap", "Code": {"ZipFile": package.getvalue()},
        "Architectures": ["arm64"], "Timeout": 900, "MemorySize": 256, "Environment": {"Variables": {"KEYTEND_POLICY": "version: 1"}},
        "Tags": {"team": "platform"}, "Description": "rotates"}
told = fails("InvalidParameterValueException", 400, functions.create_function, Role=other, **make)
assert told == "The role defined for the function cannot be assumed by Lambda.", told
fails("InvalidParameterValueException", 400, functions.create_function, Role=execution,
      **{**make, "Environment": {"Variables": {"AWS_REGION": "x"}}})
fn = functions.create_function(Role=execution, **make)
arn = fn["FunctionArn"]
assert arn == f"arn:aws:lambda:eu-west-1:{MANAGEMENT}:function:rails" and fn["ResponseMetadata"]["HTTPStatusCode"] == 201
assert fn["State"] == "Active" and fn["Version"] == "$LATEST" and fn["CodeSize"] == len(package.getvalue())
fails("ResourceConflictException", 409, functions.create_function, Role=execution, **make)
for name in ("rails", arn, f"{MANAGEMENT}:function:rails"):
    got = functions.get_function(FunctionName=name)
    assert got["Configuration"]["FunctionArn"] == arn and got["Tags"] == {"team": "platform"}
    assert got["Configuration"]["Environment"] == {"Variables": {"KEYTEND_POLICY": "version: 1"}}
assert fails("ResourceNotFoundException", 404, functions.get_function, FunctionName="nosuch") == \
    f"Function not found: arn:aws:lambda:eu-west-1:{MANAGEMENT}:function:nosuch"
assert [f["FunctionName"] for f in functions.list_functions()["Functions"]] == ["rails"]
changed = functions.update_function_configuration(FunctionName="rails", Timeout=600, Environment={"Variables": {"A": "b"}})
assert changed["Timeout"] == 600 and changed["MemorySize"] == 256 and changed["Environment"]["Variables"] == {"A": "b"}
assert functions.get_function_configuration(FunctionName="rails")["Timeout"] == 600
before = changed["CodeSha256"]
assert functions.update_function_code(FunctionName="rails", ZipFile=b"another")["CodeSha256"] != before
assert len(functions.list_versions_by_function(FunctionName="rails")["Versions"]) == 1
assert "CodeSigningConfigArn" not in functions.get_function_code_signing_config(FunctionName="rails")
functions.tag_resource(Resource=arn, Tags={"more": "1"})
functions.untag_resource(Resource=arn, TagKeys=["team"])
assert functions.list_tags(Resource=arn)["Tags"] == {"more": "1"}
assert functions.put_function_concurrency(FunctionName="rails", ReservedConcurrentExecutions=0)["ReservedConcurrentExecutions"] == 0
fails("TooManyRequestsException", 429, functions.invoke, FunctionName="rails")
functions.delete_function_concurrency(FunctionName="rails")
assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(FunctionName="rails")
fails("ResourceNotFoundException", 404, functions.get_function_event_invoke_config, FunctionName="rails")
functions.put_function_event_invoke_config(FunctionName="rails", MaximumRetryAttempts=0, MaximumEventAgeInSeconds=3600)
assert functions.get_function_event_invoke_config(FunctionName="rails")["MaximumRetryAttempts"] == 0

# --- Lambda: invoking
out = functions.invoke(FunctionName="rails", Payload=b'{"task":"reap"}')
assert out["StatusCode"] == 200 and out["Payload"].read() == b'{"task":"reap"}' and "FunctionError" not in out
out = functions.invoke(FunctionName=arn, Payload=json.dumps({"Step": "finishSecret", "SecretId": "nosuch", "ClientRequestToken": "x" * 36}))
assert out["FunctionError"] == "Unhandled" and "errorMessage" in json.loads(out["Payload"].read())
assert functions.invoke(FunctionName="rails", InvocationType="Event", Payload=b"{}")["StatusCode"] == 202
assert functions.invoke(FunctionName="rails", InvocationType="DryRun")["StatusCode"] == 204
fails("InvalidRequestContentException", 400, functions.invoke, FunctionName="rails", Payload=b"{")

# --- Secrets Manager: who may have it rotated
secret = secrets.create_secret(Name="rails/key", SecretString="first")["ARN"]
month = {"AutomaticallyAfterDays": 30}
told = fails("AccessDeniedException", 400, secrets.rotate_secret, SecretId=secret, RotationLambdaARN=arn, RotationRules=month)
assert told.startswith("Secrets Manager cannot invoke the specified Lambda function."), told
fails("ResourceNotFoundException", 404, functions.get_policy, FunctionName="rails")
grant = functions.add_permission(FunctionName="rails", StatementId="secrets", Action="lambda:InvokeFunction",
                                 Principal="secretsmanager.amazonaws.com", SourceAccount=MANAGEMENT)
assert json.loads(grant["Statement"])["Principal"] == {"Service": "secretsmanager.amazonaws.com"}
fails("ResourceConflictException", 409, functions.add_permission, FunctionName="rails", StatementId="secrets",
      Action="lambda:InvokeFunction", Principal="secretsmanager.amazonaws.com")
assert len(json.loads(functions.get_policy(FunctionName="rails")["Policy"])["Statement"]) == 1
functions.add_permission(FunctionName="rails", StatementId="events", Action="lambda:InvokeFunction", Principal="events.amazonaws.com",
                         SourceArn=f"arn:aws:events:eu-west-1:{MANAGEMENT}:rule/*")
functions.remove_permission(FunctionName="rails", StatementId="events")
fails("ResourceNotFoundException", 404, functions.remove_permission, FunctionName="rails", StatementId="events")

# --- EventBridge: a rule on rotations tells a topic
topic = topics.create_topic(Name="rails")["TopicArn"]
topics.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic}]}))
pattern = json.dumps({"source": ["aws.secretsmanager"], "detail-type": ["AWS Service Event via CloudTrail"],
                      "detail": {"eventName": [{"prefix": "Rotation"}], "eventSource": ["secretsmanager.amazonaws.com"]}})
fails("InvalidEventPatternException", 400, rules.put_rule, Name="rails", EventPattern='{"source":"aws.x"}')
rule = rules.put_rule(Name="rails", EventPattern=pattern, Description="rotations", Tags=[{"Key": "by", "Value": "conf"}])["RuleArn"]
assert rule == f"arn:aws:events:eu-west-1:{MANAGEMENT}:rule/rails"
assert rules.put_targets(Rule="rails", Targets=[{"Id": "topic", "Arn": topic}])["FailedEntryCount"] == 0
assert rules.describe_rule(Name="rails")["State"] == "ENABLED"
assert rules.list_targets_by_rule(Rule="rails")["Targets"] == [{"Id": "topic", "Arn": topic}]
assert [r["Name"] for r in rules.list_rules(NamePrefix="ra")["Rules"]] == ["rails"]
rules.tag_resource(ResourceARN=rule, Tags=[{"Key": "more", "Value": "1"}])
rules.untag_resource(ResourceARN=rule, TagKeys=["by"])
assert rules.list_tags_for_resource(ResourceARN=rule)["Tags"] == [{"Key": "more", "Value": "1"}]
event = {"id": "1", "detail-type": "AWS Service Event via CloudTrail", "source": "aws.secretsmanager", "account": MANAGEMENT,
         "time": "2026-01-01T00:00:00Z", "region": "eu-west-1", "resources": [], "detail": {"eventName": "RotationFailed", "eventSource": "secretsmanager.amazonaws.com"}}
assert rules.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]

# --- Secrets Manager: rotation
began = secrets.rotate_secret(SecretId=secret, RotationLambdaARN=arn, RotationRules=month)
advance("0s")
about = secrets.describe_secret(SecretId=secret)
assert "AWSCURRENT" in about["VersionIdsToStages"][began["VersionId"]], about
assert about["RotationEnabled"] and about["RotationLambdaARN"] == arn and about["RotationRules"] == {"AutomaticallyAfterDays": 30}
assert secrets.get_secret_value(SecretId=secret)["SecretString"] == "rotated"
assert secrets.get_secret_value(SecretId=secret, VersionStage="AWSPREVIOUS")["SecretString"] == "first"
listed = [s for s in secrets.list_secrets()["SecretList"] if s["ARN"] == secret]
assert listed[0]["RotationEnabled"] and "LastRotatedDate" in listed[0]
fails("InvalidParameterException", 400, secrets.rotate_secret, SecretId=secret, RotationRules={"ScheduleExpression": "rate(1 hour)"})
secrets.rotate_secret(SecretId=secret, RotationRules={"ScheduleExpression": "cron(0 16 1,15 * ? *)", "Duration": "2h"}, RotateImmediately=False)
advance("1s")
assert secrets.describe_secret(SecretId=secret)["RotationRules"]["Duration"] == "2h"
functions.put_function_concurrency(FunctionName="rails", ReservedConcurrentExecutions=0)
stuck = secrets.rotate_secret(SecretId=secret)
advance("1s")
assert secrets.describe_secret(SecretId=secret)["VersionIdsToStages"][stuck["VersionId"]] == ["AWSPENDING"]
told = fails("InvalidRequestException", 400, secrets.rotate_secret, SecretId=secret)
assert told == "A previous rotation isn't complete. That rotation will be reattempted.", told
assert secrets.cancel_rotate_secret(SecretId=secret)["VersionId"] == stuck["VersionId"]
assert not secrets.describe_secret(SecretId=secret)["RotationEnabled"]
functions.delete_function_concurrency(FunctionName="rails")

# --- EventBridge: schedules
fails("ValidationException", 400, rules.put_rule, Name="hourly", ScheduleExpression="rate(1 fortnight)")
rules.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
rules.disable_rule(Name="hourly")
assert rules.describe_rule(Name="hourly")["State"] == "DISABLED"
rules.enable_rule(Name="hourly")
rules.put_targets(Rule="hourly", Targets=[{"Id": "fn", "Arn": arn, "Input": '{"task":"reap"}'}])
fails("ValidationException", 400, rules.delete_rule, Name="hourly")
assert rules.remove_targets(Rule="hourly", Ids=["fn", "nosuch"])["FailedEntryCount"] == 1
rules.delete_rule(Name="hourly")
fails("ResourceNotFoundException", 400, rules.describe_rule, Name="hourly")

# --- Scheduler
caller = iam.create_role(RoleName="rails-schedule", AssumeRolePolicyDocument=trusting("scheduler.amazonaws.com"))["Role"]["Arn"]
want = {"Name": "reap", "ScheduleExpression": "rate(6 hours)", "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": arn, "RoleArn": caller, "Input": '{"task":"reap"}', "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600}}}
told = fails("ValidationException", 400, schedules.create_schedule, **{**want, "Target": {"Arn": arn, "RoleArn": execution}})
assert told == "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.", told
fails("ValidationException", 400, schedules.create_schedule, **{**want, "ScheduleExpression": "rate(x)"})
made = schedules.create_schedule(**want)["ScheduleArn"]
assert made == f"arn:aws:scheduler:eu-west-1:{MANAGEMENT}:schedule/default/reap"
fails("ConflictException", 409, schedules.create_schedule, **want)
got = schedules.get_schedule(Name="reap")
assert got["Target"] == want["Target"] and got["State"] == "ENABLED" and got["GroupName"] == "default" and got["ScheduleExpressionTimezone"] == "UTC"
schedules.update_schedule(**{**want, "State": "DISABLED"})
assert [s["State"] for s in schedules.list_schedules()["Schedules"]] == ["DISABLED"]
group = schedules.create_schedule_group(Name="g", Tags=[{"Key": "a", "Value": "b"}])["ScheduleGroupArn"]
assert schedules.list_tags_for_resource(ResourceArn=group)["Tags"] == [{"Key": "a", "Value": "b"}]
schedules.create_schedule(**{**want, "GroupName": "g"})
assert schedules.get_schedule(Name="reap", GroupName="g")["GroupName"] == "g"
assert schedules.get_schedule_group(Name="default")["State"] == "ACTIVE"
schedules.delete_schedule_group(Name="g")
fails("ResourceNotFoundException", 404, schedules.get_schedule, Name="reap", GroupName="g")
schedules.delete_schedule(Name="reap")
fails("ResourceNotFoundException", 404, schedules.get_schedule, Name="reap")

# --- CloudWatch Logs
logs = client("logs")
logs.create_log_group(logGroupName="/aws/lambda/rails", tags={"a": "b"})
fails("ResourceAlreadyExistsException", 400, logs.create_log_group, logGroupName="/aws/lambda/rails")
logs.put_retention_policy(logGroupName="/aws/lambda/rails", retentionInDays=30)
fails("InvalidParameterException", 400, logs.put_retention_policy, logGroupName="/aws/lambda/rails", retentionInDays=31)
group = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"][0]
assert group["retentionInDays"] == 30 and group["arn"] == f"arn:aws:logs:eu-west-1:{MANAGEMENT}:log-group:/aws/lambda/rails:*"
logs.tag_resource(resourceArn=group["arn"], tags={"c": "d"})
logs.untag_resource(resourceArn=group["arn"], tagKeys=["a"])
assert logs.list_tags_for_resource(resourceArn=group["arn"])["tags"] == {"c": "d"}
logs.delete_retention_policy(logGroupName="/aws/lambda/rails")
assert logs.filter_log_events(logGroupName="/aws/lambda/rails")["events"] == []
logs.delete_log_group(logGroupName="/aws/lambda/rails")
fails("ResourceNotFoundException", 400, logs.delete_log_group, logGroupName="/aws/lambda/rails")

rules.remove_targets(Rule="rails", Ids=["topic"])
rules.delete_rule(Name="rails")
functions.delete_function(FunctionName="rails")
fails("ResourceNotFoundException", 404, functions.get_function, FunctionName="rails")
print("boto3 finds nothing that AWS would not do")
