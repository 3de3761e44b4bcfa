"""Makes, reads back and takes away what a Terraform state says, by the calls
that the AWS provider makes for each kind of resource (its internal/service).

The state is one of the .json files beside this one: what Terraform itself made
of an example, with a provider that calls no AWS. The first call that is refused,
and the first value that is read back otherwise, ends the run with exit 1.
"""
import io
import json
import os
import sys
import time
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["ENDPOINT"]


def client(name):
    return boto3.client(name, endpoint_url=ENDPOINT, region_name="us-east-1", config=Config(retries={"max_attempts": 0}))


iam, functions, logs, secrets = client("iam"), client("lambda"), client("logs"), client("secretsmanager")
rules, schedules, topics = client("events"), client("scheduler"), client("sns")
config, alarms = client("config"), client("cloudwatch")
stacks, organizations = client("cloudformation"), client("organizations")

package = io.BytesIO()
with zipfile.ZipFile(package, "w") as z:
    z.writestr("bootstrap", "#!/bin/sh\n")


def same(what, got, want):
    assert got == want, f"{what} reads back {got!r}, want {want!r}"


def given(**fields):
    """The fields that are set."""
    return {k: v for k, v in fields.items() if v not in (None, "", [], {})}


def pairs(tags, key="Key", value="Value"):
    return [{key: k, value: v} for k, v in (tags or {}).items()]


def gone(call, statuses=(400, 404), **kw):
    try:
        call(**kw)
    except ClientError as e:
        assert e.response["ResponseMetadata"]["HTTPStatusCode"] in statuses, e
        return
    raise AssertionError(f"{call.__name__}({kw}) still finds it")


class Role:
    def make(v):
        iam.create_role(**given(RoleName=v["name"], AssumeRolePolicyDocument=v["assume_role_policy"], Description=v["description"], Tags=pairs(v["tags"])))

    def read(v):
        role = iam.get_role(RoleName=v["name"])["Role"]
        same("description", role.get("Description"), v["description"])
        same("trust", role["AssumeRolePolicyDocument"], json.loads(v["assume_role_policy"]))
        iam.list_role_policies(RoleName=v["name"])
        same("attached policies", iam.list_attached_role_policies(RoleName=v["name"])["AttachedPolicies"], [])

    def drop(v):
        same("profiles", iam.list_instance_profiles_for_role(RoleName=v["name"])["InstanceProfiles"], [])
        iam.delete_role(RoleName=v["name"])
        gone(iam.get_role, RoleName=v["name"])


class RolePolicy:
    def make(v):
        iam.put_role_policy(RoleName=v["role"], PolicyName=v["name"], PolicyDocument=v["policy"])

    def read(v):
        got = iam.get_role_policy(RoleName=v["role"], PolicyName=v["name"])
        same("policy", got["PolicyDocument"], json.loads(v["policy"]))

    def drop(v):
        iam.delete_role_policy(RoleName=v["role"], PolicyName=v["name"])


class LogGroup:
    def make(v):
        logs.create_log_group(**given(logGroupName=v["name"], tags=v["tags"]))
        logs.put_retention_policy(logGroupName=v["name"], retentionInDays=v["retention_in_days"])

    def read(v):
        found = logs.describe_log_groups(logGroupNamePrefix=v["name"])["logGroups"]
        group = next(g for g in found if g["logGroupName"] == v["name"])
        same("retention", group["retentionInDays"], v["retention_in_days"])
        same("tags", logs.list_tags_for_resource(resourceArn=v["arn"])["tags"], v["tags"] or {})

    def drop(v):
        logs.delete_log_group(logGroupName=v["name"])


class Function:
    def make(v):
        functions.create_function(**given(
            FunctionName=v["function_name"], Role=v["role"], Runtime=v["runtime"], Handler=v["handler"], Code={"ZipFile": package.getvalue()},
            Architectures=v["architectures"], Timeout=v["timeout"], MemorySize=v["memory_size"], Description=v["description"], Tags=v["tags"],
            Environment={"Variables": v["environment"][0]["variables"]} if v["environment"] else None))
        functions.put_function_concurrency(FunctionName=v["function_name"], ReservedConcurrentExecutions=v["reserved_concurrent_executions"])

    def read(v):
        got = functions.get_function(FunctionName=v["function_name"])
        same("arn", got["Configuration"]["FunctionArn"], v["arn"])
        same("timeout", got["Configuration"]["Timeout"], v["timeout"])
        same("architectures", got["Configuration"]["Architectures"], v["architectures"])
        same("concurrency", got["Concurrency"]["ReservedConcurrentExecutions"], v["reserved_concurrent_executions"])
        functions.list_versions_by_function(FunctionName=v["function_name"])

    def drop(v):
        functions.delete_function(FunctionName=v["function_name"])
        gone(functions.get_function, FunctionName=v["function_name"])


class InvokeConfig:
    def make(v):
        functions.put_function_event_invoke_config(FunctionName=v["function_name"], MaximumEventAgeInSeconds=v["maximum_event_age_in_seconds"], MaximumRetryAttempts=v["maximum_retry_attempts"])

    def read(v):
        same("retries", functions.get_function_event_invoke_config(FunctionName=v["function_name"])["MaximumRetryAttempts"], v["maximum_retry_attempts"])

    def drop(v):
        functions.delete_function_event_invoke_config(FunctionName=v["function_name"])


class Permission:
    def make(v):
        functions.add_permission(FunctionName=v["function_name"], StatementId=v["statement_id"], Action=v["action"], Principal=v["principal"], SourceAccount=v["source_account"])

    def read(v):
        policy = json.loads(functions.get_policy(FunctionName=v["function_name"])["Policy"])
        same("statements", [s["Sid"] for s in policy["Statement"]], [v["statement_id"]])

    def drop(v):
        functions.remove_permission(FunctionName=v["function_name"], StatementId=v["statement_id"])


class SecretRotation:
    def make(v):
        rule = v["rotation_rules"][0]
        secrets.rotate_secret(SecretId=v["secret_id"], RotationLambdaARN=v["rotation_lambda_arn"], RotateImmediately=v["rotate_immediately"], RotationRules=given(
            AutomaticallyAfterDays=rule["automatically_after_days"], ScheduleExpression=rule["schedule_expression"], Duration=rule["duration"]))

    def read(v):
        got = secrets.describe_secret(SecretId=v["secret_id"])
        same("rotation", (got["RotationEnabled"], got["RotationLambdaARN"]), (True, v["rotation_lambda_arn"]))
        same("days", got["RotationRules"].get("AutomaticallyAfterDays"), v["rotation_rules"][0]["automatically_after_days"])

    def drop(v):
        secrets.cancel_rotate_secret(SecretId=v["secret_id"])
        same("rotation", secrets.describe_secret(SecretId=v["secret_id"]).get("RotationEnabled", False), False)


class Schedule:
    def make(v):
        target, window = v["target"][0], v["flexible_time_window"][0]
        retry = target["retry_policy"][0]
        schedules.create_schedule(
            Name=v["name"], Description=v["description"], ScheduleExpression=v["schedule_expression"],
            FlexibleTimeWindow=given(Mode=window["mode"], MaximumWindowInMinutes=window["maximum_window_in_minutes"]),
            Target={"Arn": target["arn"], "RoleArn": target["role_arn"], "Input": target["input"], "RetryPolicy": {
                "MaximumEventAgeInSeconds": retry["maximum_event_age_in_seconds"], "MaximumRetryAttempts": retry["maximum_retry_attempts"]}})

    def read(v):
        got = schedules.get_schedule(Name=v["name"])
        same("schedule", (got["ScheduleExpression"], got["Target"]["Input"], got["State"]), (v["schedule_expression"], v["target"][0]["input"], "ENABLED"))

    def drop(v):
        schedules.delete_schedule(Name=v["name"])
        gone(schedules.get_schedule, Name=v["name"])


class Topic:
    def make(v):
        topics.create_topic(Name=v["name"], Attributes={"DisplayName": v["display_name"]}, Tags=pairs(v["tags"]))

    def read(v):
        same("name", topics.get_topic_attributes(TopicArn=v["arn"])["Attributes"]["DisplayName"], v["display_name"])
        topics.list_tags_for_resource(ResourceArn=v["arn"])

    def drop(v):
        topics.delete_topic(TopicArn=v["arn"])


class TopicPolicy:
    def make(v):
        topics.set_topic_attributes(TopicArn=v["arn"], AttributeName="Policy", AttributeValue=v["policy"])

    def read(v):
        same("policy", json.loads(topics.get_topic_attributes(TopicArn=v["arn"])["Attributes"]["Policy"]), json.loads(v["policy"]))

    def drop(v):
        pass  # the provider puts the default policy back; the topic goes next


class Subscription:
    def make(v):
        got = topics.subscribe(TopicArn=v["topic_arn"], Protocol=v["protocol"], Endpoint=v["endpoint"], ReturnSubscriptionArn=True)
        v["arn"] = got["SubscriptionArn"]

    def read(v):
        same("endpoint", topics.get_subscription_attributes(SubscriptionArn=v["arn"])["Attributes"]["Endpoint"], v["endpoint"])

    def drop(v):
        pass  # waits to be confirmed: the provider lets go of it


class Rule:
    def make(v):
        rules.put_rule(Name=v["name"], EventPattern=v["event_pattern"], Description=v["description"], State="ENABLED", Tags=pairs(v["tags"]))

    def read(v):
        same("pattern", json.loads(rules.describe_rule(Name=v["name"])["EventPattern"]), json.loads(v["event_pattern"]))
        rules.list_tags_for_resource(ResourceARN=v["arn"])

    def drop(v):
        rules.delete_rule(Name=v["name"])
        gone(rules.describe_rule, Name=v["name"])


class Target:
    def make(v):
        transform = v["input_transformer"][0]
        told = rules.put_targets(Rule=v["rule"], Targets=[{"Id": v["target_id"], "Arn": v["arn"], "InputTransformer": {
            "InputPathsMap": transform["input_paths"], "InputTemplate": transform["input_template"]}}])
        same("failures", told["FailedEntryCount"], 0)

    def read(v):
        same("targets", [t["Arn"] for t in rules.list_targets_by_rule(Rule=v["rule"])["Targets"]], [v["arn"]])

    def drop(v):
        same("failures", rules.remove_targets(Rule=v["rule"], Ids=[v["target_id"]])["FailedEntryCount"], 0)


class Alarm:
    def make(v):
        alarms.put_metric_alarm(**given(
            AlarmName=v["alarm_name"], AlarmDescription=v["alarm_description"], Namespace=v["namespace"], MetricName=v["metric_name"],
            Statistic=v["statistic"], ComparisonOperator=v["comparison_operator"], Period=v["period"], EvaluationPeriods=v["evaluation_periods"],
            DatapointsToAlarm=v["datapoints_to_alarm"], TreatMissingData=v["treat_missing_data"], AlarmActions=v["alarm_actions"], OKActions=v["ok_actions"],
            Dimensions=pairs(v["dimensions"], "Name"), Tags=pairs(v["tags"])), Threshold=v["threshold"])

    def read(v):
        got = alarms.describe_alarms(AlarmNames=[v["alarm_name"]])["MetricAlarms"][0]
        same("alarm", (got["MetricName"], got["Threshold"], got["TreatMissingData"], got["AlarmActions"]),
             (v["metric_name"], v["threshold"], v["treat_missing_data"], v["alarm_actions"]))
        same("dimensions", {d["Name"]: d["Value"] for d in got.get("Dimensions", [])}, v["dimensions"] or {})

    def drop(v):
        alarms.delete_alarms(AlarmNames=[v["alarm_name"]])
        same("alarms", alarms.describe_alarms(AlarmNames=[v["alarm_name"]])["MetricAlarms"], [])


class ConfigRule:
    def make(v):
        config.put_config_rule(ConfigRule=given(
            ConfigRuleName=v["name"], Description=v["description"], InputParameters=v["input_parameters"], MaximumExecutionFrequency=v["maximum_execution_frequency"],
            Source={"Owner": v["source"][0]["owner"], "SourceIdentifier": v["source"][0]["source_identifier"]}))

    def read(v):
        got = config.describe_config_rules(ConfigRuleNames=[v["name"]])["ConfigRules"][0]
        same("rule", got["Source"]["SourceIdentifier"], v["source"][0]["source_identifier"])
        same("parameters", json.loads(got.get("InputParameters", "{}")), json.loads(v["input_parameters"] or "{}"))

    def drop(v):
        config.delete_config_rule(ConfigRuleName=v["name"])


class OrganizationRule:
    def make(v):
        config.put_organization_config_rule(**given(OrganizationConfigRuleName=v["name"], ExcludedAccounts=v["excluded_accounts"], OrganizationManagedRuleMetadata=given(
            RuleIdentifier=v["rule_identifier"], Description=v["description"], InputParameters=v["input_parameters"],
            MaximumExecutionFrequency=v["maximum_execution_frequency"])))

    def read(v):
        status = config.describe_organization_config_rule_statuses(OrganizationConfigRuleNames=[v["name"]])["OrganizationConfigRuleStatuses"][0]
        same("status", status["OrganizationRuleStatus"], "CREATE_SUCCESSFUL")
        got = config.describe_organization_config_rules(OrganizationConfigRuleNames=[v["name"]])["OrganizationConfigRules"][0]
        same("rule", got["OrganizationManagedRuleMetadata"]["RuleIdentifier"], v["rule_identifier"])

    def drop(v):
        config.delete_organization_config_rule(OrganizationConfigRuleName=v["name"])
        gone(config.describe_organization_config_rules, OrganizationConfigRuleNames=[v["name"]])


class StackSet:
    def make(v):
        stacks.create_stack_set(**given(
            StackSetName=v["name"], Description=v["description"], TemplateBody=v["template_body"], Capabilities=v["capabilities"], Tags=pairs(v["tags"]),
            Parameters=pairs(v["parameters"], "ParameterKey", "ParameterValue"), PermissionModel=v["permission_model"], CallAs="SELF",
            AutoDeployment={"Enabled": v["auto_deployment"][0]["enabled"], "RetainStacksOnAccountRemoval": v["auto_deployment"][0]["retain_stacks_on_account_removal"]}))

    def read(v):
        got = stacks.describe_stack_set(StackSetName=v["name"], CallAs="SELF")["StackSet"]
        same("set", (got["Status"], got["Description"], got["TemplateBody"], got["PermissionModel"], got["Capabilities"]),
             ("ACTIVE", v["description"], v["template_body"], v["permission_model"], v["capabilities"]))
        same("parameters", {p["ParameterKey"]: p["ParameterValue"] for p in got["Parameters"]}, v["parameters"])

    def drop(v):
        stacks.delete_stack_set(StackSetName=v["name"])
        gone(stacks.describe_stack_set, StackSetName=v["name"])


class StackInstances:
    def wait(v, answer):
        while True:
            got = stacks.describe_stack_set_operation(StackSetName=v["stack_set_name"], OperationId=answer["OperationId"])["StackSetOperation"]
            if got["Status"] != "RUNNING":
                same("operation", got["Status"], "SUCCEEDED")
                return
            time.sleep(0.05)

    def targets(v):
        return {"StackSetName": v["stack_set_name"], "Regions": v["regions"],
                "DeploymentTargets": {"OrganizationalUnitIds": v["deployment_targets"][0]["organizational_unit_ids"]}}

    def make(v):
        StackInstances.wait(v, stacks.create_stack_instances(**StackInstances.targets(v)))

    def read(v):
        made = stacks.list_stack_instances(StackSetName=v["stack_set_name"])["Summaries"]
        assert made, "no account has a stack"
        for i in made:
            same("instance", (i["Status"], i["OrganizationalUnitId"]), ("CURRENT", v["deployment_targets"][0]["organizational_unit_ids"][0]))

    def drop(v):
        gone(stacks.delete_stack_set, (409,), StackSetName=v["stack_set_name"])  # while it has instances
        StackInstances.wait(v, stacks.delete_stack_instances(RetainStacks=False, **StackInstances.targets(v)))
        same("instances", stacks.list_stack_instances(StackSetName=v["stack_set_name"])["Summaries"], [])


# In the order in which they depend on each other.
KINDS = {
    "aws_cloudwatch_log_group": LogGroup, "aws_iam_role": Role, "aws_iam_role_policy": RolePolicy, "aws_lambda_function": Function,
    "aws_lambda_function_event_invoke_config": InvokeConfig, "aws_lambda_permission": Permission, "aws_secretsmanager_secret_rotation": SecretRotation,
    "aws_scheduler_schedule": Schedule, "aws_sns_topic": Topic, "aws_sns_topic_policy": TopicPolicy, "aws_sns_topic_subscription": Subscription,
    "aws_cloudwatch_event_rule": Rule, "aws_cloudwatch_event_target": Target, "aws_cloudwatch_metric_alarm": Alarm, "aws_config_config_rule": ConfigRule,
    "aws_config_organization_managed_rule": OrganizationRule, "aws_cloudformation_stack_set": StackSet, "aws_cloudformation_stack_instances": StackInstances,
}

with open(sys.argv[1]) as f:
    text = f.read()
if "secret:prod/billing-a1b2c3" in text:  # a secret's suffix is Secrets Manager's choice
    text = text.replace("arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/billing-a1b2c3", secrets.describe_secret(SecretId="prod/billing")["ARN"])
text = text.replace("r-examplerootid111", organizations.list_roots()["Roots"][0]["Id"]) if "r-examplerootid111" in text else text
state = sorted(json.loads(text), key=lambda r: list(KINDS).index(r["type"]))
for step, order in (("make", state), ("read", state), ("drop", state[::-1])):
    for resource in order:
        try:
            getattr(KINDS[resource["type"]], step)(resource["values"])
        except Exception as e:
            sys.exit(f"{step} {resource['type']} {resource['values'].get('name') or ''}: {e}")
print(f"{len(state)} resources made, read back and taken away")
