"""Drives the simulated AWS with boto3 and says where it differs from AWS.

Each check names what AWS does; the first that fails ends the run with exit 1.
Every answer is, besides, held to the API models by the server side.
"""
import csv
import datetime
import io
import json
import os
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, MEMBER, MANAGEMENT = os.environ["ENDPOINT"], os.environ["MEMBER"], os.environ["MANAGEMENT"]
ONCE = Config(retries={"max_attempts": 0}, user_agent_extra="app/conformance-token")


def client(name, key=None, **kw):
    if key:
        kw.update(aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
                  aws_session_token=key.get("SessionToken"))
    return boto3.client(name, endpoint_url=ENDPOINT, region_name=kw.pop("region", "us-east-1"), config=ONCE, **kw)


def fails(code, status, call, **kw):
    """AWS refuses this call with this code and HTTP status; returns its message."""
    try:
        call(**kw)
    except ClientError as e:
        got = e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"]
        assert got == (code, status), f"{call.__name__}: {got}, want {(code, status)}: {e}"
        return e.response["Error"]["Message"]
    raise AssertionError(f"{call.__name__} succeeded, want {code}")


iam, sts = client("iam"), client("sts")

# --- who am I
me = sts.get_caller_identity()
assert me["Account"] == MANAGEMENT and me["Arn"].startswith(f"arn:aws:iam::{MANAGEMENT}:user/"), me
assert me["UserId"].startswith("AIDA")

# --- pagination: 100 by default, MaxItems 1..1000
first = iam.list_users()
assert len(first["Users"]) == 100 and first["IsTruncated"] and first["Marker"], "the first page holds 100"
assert len(iam.list_users(MaxItems=7)["Users"]) == 7
assert not iam.list_users(MaxItems=1000)["IsTruncated"]
fails("ValidationError", 400, client("iam", **{}).list_users, Marker="not-a-marker")
names = [u["UserName"] for p in iam.get_paginator("list_users").paginate() for u in p["Users"]]
assert len(names) == len(set(names)) == len(iam.list_users(MaxItems=1000)["Users"])
assert names == sorted(names, key=str.lower) or names == sorted(names), "IAM lists by name"
details = [u for p in iam.get_paginator("get_account_authorization_details").paginate(Filter=["User"])
           for u in p["UserDetailList"]]
assert sorted(u["UserName"] for u in details) == sorted(names)

# --- users
bob = iam.create_user(UserName="bob", Path="/conf/", Tags=[{"Key": "owner", "Value": "team@example.com"}])["User"]
assert bob["Arn"] == f"arn:aws:iam::{MANAGEMENT}:user/conf/bob" and bob["UserId"].startswith("AIDA")
fails("EntityAlreadyExists", 409, iam.create_user, UserName="bob")
fails("EntityAlreadyExists", 409, iam.create_user, UserName="BOB")
assert fails("NoSuchEntity", 404, iam.get_user, UserName="nobody") == "The user with name nobody cannot be found."
assert iam.get_user(UserName="bob")["User"]["Tags"] == [{"Key": "owner", "Value": "team@example.com"}]
assert iam.list_user_tags(UserName="bob")["Tags"][0]["Key"] == "owner"
odd = "doe,jane+x=y@z"
iam.create_user(UserName=odd) if odd not in names else None
assert iam.get_user(UserName=odd)["User"]["UserName"] == odd

# --- keys: quota, rotation, last used
key = iam.create_access_key(UserName="bob")["AccessKey"]
assert len(key["SecretAccessKey"]) == 40 and key["AccessKeyId"].startswith("AKIA") and key["Status"] == "Active"
second = iam.create_access_key(UserName="bob")["AccessKey"]
quota = fails("LimitExceeded", 409, iam.create_access_key, UserName="bob")
assert quota == "Cannot exceed quota for AccessKeysPerUser: 2", quota
used = iam.get_access_key_last_used(AccessKeyId=second["AccessKeyId"])
assert used["UserName"] == "bob" and used["AccessKeyLastUsed"]["Region"] == "N/A"
assert used["AccessKeyLastUsed"]["ServiceName"] == "N/A" and "LastUsedDate" not in used["AccessKeyLastUsed"]
as_bob = client("sts", second)
assert as_bob.get_caller_identity()["Arn"] == bob["Arn"]
used = iam.get_access_key_last_used(AccessKeyId=second["AccessKeyId"])["AccessKeyLastUsed"]
assert used["ServiceName"] == "sts" and used["Region"] == "us-east-1" and used["LastUsedDate"].second is not None
denied = fails("AccessDenied", 403, client("iam", second).list_users)
assert denied.startswith(f"User: {bob['Arn']} is not authorized to perform: iam:ListUsers on resource: "), denied
assert "because no identity-based policy allows the iam:ListUsers action" in denied, denied

iam.update_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"], Status="Inactive")
assert {k["AccessKeyId"]: k["Status"] for k in iam.list_access_keys(UserName="bob")["AccessKeyMetadata"]} == {
    key["AccessKeyId"]: "Inactive", second["AccessKeyId"]: "Active"}
fails("InvalidClientTokenId", 403, client("sts", key).get_caller_identity)
iam.update_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"], Status="Active")
assert client("sts", key).get_caller_identity()["UserId"] == bob["UserId"]
iam.delete_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"])
fails("InvalidClientTokenId", 403, client("sts", key).get_caller_identity)
fails("NoSuchEntity", 404, iam.delete_access_key, UserName="bob", AccessKeyId=key["AccessKeyId"])
fails("NoSuchEntity", 404, iam.list_access_keys, UserName="nobody")
wrong = dict(second, SecretAccessKey="w" * 40)
message = fails("SignatureDoesNotMatch", 403, client("sts", wrong).get_caller_identity)
assert message.startswith("The request signature we calculated does not match"), message
unknown = dict(second, AccessKeyId="AKIAIOSFODNN7EXAMPLE")
message = fails("InvalidClientTokenId", 403, client("iam", unknown).list_users)
assert message == "The security token included in the request is invalid.", message
assert sts.get_access_key_info(AccessKeyId=second["AccessKeyId"])["Account"] == MANAGEMENT

# --- policies, simulated and real
allow = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "iam:List*", "Resource": "*"}]})
iam.put_user_policy(UserName="bob", PolicyName="lists", PolicyDocument=allow)
assert client("iam", second).list_users(MaxItems=1)["Users"]
assert iam.list_user_policies(UserName="bob")["PolicyNames"] == ["lists"]
assert iam.get_user_policy(UserName="bob", PolicyName="lists")["PolicyDocument"] == json.loads(allow)
fails("MalformedPolicyDocument", 400, iam.put_user_policy, UserName="bob", PolicyName="x", PolicyDocument="{")
results = iam.simulate_principal_policy(PolicySourceArn=bob["Arn"], ActionNames=["iam:ListUsers", "iam:CreateUser"])
assert {r["EvalActionName"]: r["EvalDecision"] for r in results["EvaluationResults"]} == {
    "iam:ListUsers": "allowed", "iam:CreateUser": "implicitDeny"}
policy = iam.create_policy(PolicyName="conf", PolicyDocument=allow)["Policy"]
assert policy["Arn"] == f"arn:aws:iam::{MANAGEMENT}:policy/conf" and policy["DefaultVersionId"] == "v1"
iam.attach_user_policy(UserName="bob", PolicyArn=policy["Arn"])
assert iam.list_attached_user_policies(UserName="bob")["AttachedPolicies"][0]["PolicyName"] == "conf"
assert iam.list_entities_for_policy(PolicyArn=policy["Arn"])["PolicyUsers"][0]["UserName"] == "bob"
assert iam.get_policy_version(PolicyArn=policy["Arn"], VersionId="v1")["PolicyVersion"]["Document"] == json.loads(allow)
fails("NoSuchEntity", 404, iam.get_policy, PolicyArn=f"arn:aws:iam::{MANAGEMENT}:policy/none")
assert any(p["PolicyName"] == "conf" for p in iam.list_policies(Scope="Local", MaxItems=1000)["Policies"])

# --- groups
iam.create_group(GroupName="conf-group")
iam.add_user_to_group(GroupName="conf-group", UserName="bob")
assert [g["GroupName"] for g in iam.list_groups_for_user(UserName="bob")["Groups"]] == ["conf-group"]
assert [u["UserName"] for u in iam.get_group(GroupName="conf-group")["Users"]] == ["bob"]
assert iam.list_groups()["Groups"]
mine = [u for p in iam.get_paginator("get_account_authorization_details").paginate(Filter=["User"])
        for u in p["UserDetailList"] if u["UserName"] == "bob"][0]
assert mine["GroupList"] == ["conf-group"] and mine["AttachedManagedPolicies"][0]["PolicyArn"] == policy["Arn"]
assert mine["UserPolicyList"][0]["PolicyDocument"] == json.loads(allow), "inline policies come URL-encoded"

# --- login profiles, certificates, service credentials, MFA, account
iam.create_login_profile(UserName="bob", Password="correct-Horse-7-battery")
fails("EntityAlreadyExists", 409, iam.create_login_profile, UserName="bob", Password="correct-Horse-7-battery")
assert iam.get_login_profile(UserName="bob")["LoginProfile"]["UserName"] == "bob"
assert iam.list_signing_certificates(UserName="bob")["Certificates"] == []
assert iam.list_mfa_devices(UserName="bob")["MFADevices"] == []
assert iam.list_service_specific_credentials(UserName="bob")["ServiceSpecificCredentials"] == []
summary = iam.get_account_summary()["SummaryMap"]
assert summary["AccessKeysPerUserQuota"] >= 2 and summary["Users"] == len(names) + (2 if odd not in names else 1), summary
assert len(iam.list_account_aliases()["AccountAliases"]) <= 1

# --- deleting in AWS's order
message = fails("DeleteConflict", 409, iam.delete_user, UserName="bob")
assert message.startswith("Cannot delete entity, must "), message

# --- credential report
started = iam.generate_credential_report()["State"]
assert started in ("STARTED", "INPROGRESS", "COMPLETE"), started
for _ in range(50):
    try:
        report = iam.get_credential_report()
        break
    except ClientError as e:
        assert e.response["Error"]["Code"] in ("ReportInProgress", "ReportNotPresent"), e
        iam.generate_credential_report()
        time.sleep(0.2)
assert report["ReportFormat"] == "text/csv" and not report["Content"].endswith(b"\n")
rows = list(csv.DictReader(io.StringIO(report["Content"].decode())))
assert rows[0]["user"] == "<root_account>" and rows[0]["arn"] == f"arn:aws:iam::{MANAGEMENT}:root"
row = [r for r in rows if r["user"] == "bob"][0]
assert "true" in (row["access_key_1_active"], row["access_key_2_active"]) and row["password_enabled"] == "true"
assert list(row)[:8] == ["user", "arn", "user_creation_time", "password_enabled", "password_last_used",
                         "password_last_changed", "password_next_rotation", "mfa_active"]
age = datetime.datetime.now(datetime.timezone.utc) - report["GeneratedTime"]
assert age < datetime.timedelta(hours=4)
assert iam.generate_credential_report()["State"] == "COMPLETE", "a report younger than four hours is reused"

# --- STS: assume role with trust policy and external ID
trust = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}, "Action": "sts:AssumeRole",
    "Condition": {"StringEquals": {"sts:ExternalId": "right"}}}]}
role = iam.create_role(RoleName="conf-role", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
assert role["RoleId"].startswith("AROA") and role["AssumeRolePolicyDocument"] == trust
fails("AccessDenied", 403, sts.assume_role, RoleArn=role["Arn"], RoleSessionName="s1")
fails("AccessDenied", 403, sts.assume_role, RoleArn=role["Arn"], RoleSessionName="s1", ExternalId="wrong")
session = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="token-s1", ExternalId="right", DurationSeconds=900)
creds = session["Credentials"]
assert creds["AccessKeyId"].startswith("ASIA")
assert session["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{MANAGEMENT}:assumed-role/conf-role/token-s1"
assert client("sts", creds).get_caller_identity()["Arn"] == session["AssumedRoleUser"]["Arn"]
fails("AccessDenied", 403, client("iam", creds).list_users)
fails("InvalidClientTokenId", 403, client("sts", {k: v for k, v in creds.items() if k != "SessionToken"}).get_caller_identity)
temporary = sts.get_session_token(DurationSeconds=900)["Credentials"]
assert client("sts", temporary).get_caller_identity()["Arn"] == me["Arn"]
assert iam.get_role(RoleName="conf-role")["Role"]["Arn"] == role["Arn"]
across = sts.assume_role(RoleArn=f"arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole", RoleSessionName="s2")
assert client("sts", across["Credentials"]).get_caller_identity()["Account"] == MEMBER
assert client("iam", across["Credentials"]).list_users(MaxItems=1)["Users"]

# --- organizations: from the management account alone
org = client("organizations")
assert org.describe_organization()["Organization"]["MasterAccountId"] == MANAGEMENT
accounts = [a for p in org.get_paginator("list_accounts").paginate() for a in p["Accounts"]]
assert {a["Id"] for a in accounts} == {MANAGEMENT, MEMBER}
root = org.list_roots()["Roots"][0]
assert root["Id"].startswith("r-")
org.list_organizational_units_for_parent(ParentId=root["Id"])
org.list_accounts_for_parent(ParentId=root["Id"])
assert org.list_parents(ChildId=MEMBER)["Parents"]
assert org.describe_account(AccountId=MEMBER)["Account"]["Id"] == MEMBER
fails("AccountNotFoundException", 400, org.describe_account, AccountId="999999999999")
fails("AccessDeniedException", 400, client("organizations", across["Credentials"]).list_accounts)

# --- CloudTrail: what was done above, found by the key that did it
trail = client("cloudtrail")
time.sleep(0.6)
events = trail.lookup_events(
    LookupAttributes=[{"AttributeKey": "AccessKeyId", "AttributeValue": second["AccessKeyId"]}])["Events"]
assert events and {"GetCallerIdentity", "ListUsers"} <= {e["EventName"] for e in events}, events
body = json.loads(events[0]["CloudTrailEvent"])
assert body["userIdentity"]["accessKeyId"] == second["AccessKeyId"] and body["userIdentity"]["arn"] == bob["Arn"]
assert "app/conformance-token" in body["userAgent"], body["userAgent"]
time.sleep(0.6)
creates = trail.lookup_events(
    LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateAccessKey"}])["Events"]
assert creates and not any(second["SecretAccessKey"] in e["CloudTrailEvent"] for e in creates), "secrets are hidden"
throttled = 0
for _ in range(8):
    try:
        trail.lookup_events(MaxResults=1)
    except ClientError as e:
        assert e.response["Error"]["Code"] == "ThrottlingException", e
        throttled += 1
assert throttled, "LookupEvents allows 2 requests a second"

# --- CloudTrail Lake: stores, and a query that is waited for
STORE = "1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d"
stores = trail.list_event_data_stores(MaxResults=1)
assert stores["NextToken"] and stores["EventDataStores"][0]["EventDataStoreArn"].endswith("eventdatastore/" + STORE), stores
assert len(trail.list_event_data_stores(NextToken=stores["NextToken"])["EventDataStores"]) == 1
fails("InvalidNextTokenException", 400, trail.list_event_data_stores, NextToken="nonsense")
fails("InvalidMaxResultsException", 400, trail.list_event_data_stores, MaxResults=1001)
store = trail.get_event_data_store(EventDataStore=stores["EventDataStores"][0]["EventDataStoreArn"])
assert store["Status"] == "ENABLED" and store["MultiRegionEnabled"] and store["AdvancedEventSelectors"][0]["FieldSelectors"], store
fails("EventDataStoreNotFoundException", 400, trail.get_event_data_store, EventDataStore="00000000-0000-0000-0000-000000000000")
fails("EventDataStoreNotFoundException", 400, client("cloudtrail", region="eu-west-1").get_event_data_store, EventDataStore=STORE)
fails("EventDataStoreARNInvalidException", 400, trail.get_event_data_store, EventDataStore=f"arn:aws:cloudtrail:eu-west-1:{MANAGEMENT}:eventdatastore/{STORE}")
fails("InvalidQueryStatementException", 400, trail.start_query, QueryStatement="DROP TABLE x")
fails("InactiveEventDataStoreException", 400, trail.start_query, QueryStatement="SELECT eventID FROM 2b3c4d5e-6f7a-8b9c-0d1e-2f3a4b5c6d7e")
fails("QueryIdNotFoundException", 400, trail.describe_query, QueryId=STORE)
WHEN, CALL = "date_format(eventtime, '%Y-%m-%dT%H:%i:%sZ')", "coalesce(nullif(sharedeventid, ''), eventid)"
QUESTION = (
    "SELECT useridentity.accesskeyid AS access_key, coalesce(nullif(vpcendpointid, ''), sourceipaddress) AS caller, useragent AS agent, "
    "eventsource AS service, eventname AS action, awsregion AS region, "
    f"min({WHEN}) AS first_use, max({WHEN}) AS last_use, count(DISTINCT {CALL}) AS calls, "
    f"count(DISTINCT CASE WHEN errorcode <> '' THEN {CALL} END) AS failed, "
    "count(DISTINCT CASE WHEN errorcode LIKE '%AccessDenied%' OR errorcode LIKE '%Unauthorized%' OR errorcode = 'AuthorizationError' "
    f"THEN {CALL} END) AS denied, array_join(array_agg(DISTINCT substr({WHEN}, 1, 10)), ' ') AS days "
    f"FROM {STORE} WHERE useridentity.accesskeyid IN ('{second['AccessKeyId']}') "
    "AND eventtime >= '2020-01-01 00:00:00' AND eventtime <= '2099-01-01 00:00:00' GROUP BY 1, 2, 3, 4, 5, 6")


def lake(sql):
    query, states = trail.start_query(QueryStatement=sql)["QueryId"], []
    while not states or states[-1] in ("QUEUED", "RUNNING"):
        time.sleep(0.02)
        states.append(trail.describe_query(QueryId=query)["QueryStatus"])
        trail.get_query_results(QueryId=query)
    return query, states


query, states = lake(QUESTION)
assert states[-1] == "FINISHED" and len(states) > 1, states
answer = trail.get_query_results(QueryId=query, MaxQueryResults=1)
assert answer["QueryStatistics"]["TotalResultsCount"] > 1 and answer["NextToken"], answer
found = answer["QueryResultRows"]
while answer.get("NextToken"):
    answer = trail.get_query_results(QueryId=query, MaxQueryResults=1, NextToken=answer["NextToken"])
    found += answer["QueryResultRows"]
assert len(found) == answer["QueryStatistics"]["TotalResultsCount"], len(found)
rows = [{name: value for column in row for name, value in column.items()} for row in found]
assert {"GetCallerIdentity", "ListUsers"} <= {row["action"] for row in rows}, rows
assert all(row["access_key"] == second["AccessKeyId"] for row in rows), rows
_, states = lake(f"SELECT eventID FROM {STORE} LIMIT 10")
assert states[-1] == "FAILED", states

# --- Config
config = client("config")
config.describe_config_rules()
config.describe_configuration_recorders()
config.describe_configuration_recorder_status()

# --- KMS: symmetric keys, aliases, policies
kms = client("kms")
key = kms.create_key(Description="conformance")["KeyMetadata"]
assert key["KeyState"] == "Enabled" and key["KeyManager"] == "CUSTOMER" and key["Arn"].endswith(":key/" + key["KeyId"])
kms.create_alias(AliasName="alias/conf", TargetKeyId=key["KeyId"])
fails("AlreadyExistsException", 400, kms.create_alias, AliasName="alias/conf", TargetKeyId=key["KeyId"])
fails("NotFoundException", 400, kms.describe_key, KeyId="alias/none")
assert {"alias/conf", "alias/aws/secretsmanager", "alias/aws/ssm"} <= {
    a["AliasName"] for p in kms.get_paginator("list_aliases").paginate() for a in p["Aliases"]}
assert key["KeyId"] in [k["KeyId"] for p in kms.get_paginator("list_keys").paginate() for k in p["Keys"]]
assert kms.describe_key(KeyId="alias/conf")["KeyMetadata"]["KeyId"] == key["KeyId"]
blob = kms.encrypt(KeyId="alias/conf", Plaintext=b"plain", EncryptionContext={"purpose": "conf"})["CiphertextBlob"]
assert kms.decrypt(CiphertextBlob=blob, EncryptionContext={"purpose": "conf"})["Plaintext"] == b"plain"
fails("InvalidCiphertextException", 400, kms.decrypt, CiphertextBlob=blob, EncryptionContext={"purpose": "other"})
fails("ValidationException", 400, kms.encrypt, KeyId="alias/conf", Plaintext=b"x" * 4097)
data = kms.generate_data_key(KeyId="alias/conf", KeySpec="AES_256")
assert kms.decrypt(CiphertextBlob=data["CiphertextBlob"])["Plaintext"] == data["Plaintext"] and len(data["Plaintext"]) == 32
fails("AccessDeniedException", 400, client("kms", second).encrypt, KeyId="alias/conf", Plaintext=b"x")
document = json.loads(kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])
assert document["Statement"][0]["Principal"]["AWS"] == f"arn:aws:iam::{MANAGEMENT}:root"
kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=json.dumps(document))
kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": "stage", "TagValue": "conf"}])
assert kms.list_resource_tags(KeyId=key["KeyId"])["Tags"] == [{"TagKey": "stage", "TagValue": "conf"}]
kms.untag_resource(KeyId=key["KeyId"], TagKeys=["stage"])
kms.enable_key_rotation(KeyId=key["KeyId"])
assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is True
kms.disable_key(KeyId=key["KeyId"])
assert fails("DisabledException", 400, kms.encrypt, KeyId="alias/conf", Plaintext=b"x") == key["Arn"] + " is disabled."
kms.enable_key(KeyId=key["KeyId"])

# --- Secrets Manager: versions, staging labels, policies, deletion
secrets = client("secretsmanager")
made = secrets.create_secret(Name="conf/secret", SecretString="one", KmsKeyId="alias/conf", Description="of conformance",
                             Tags=[{"Key": "team", "Value": "conf"}])
assert made["ARN"].startswith(f"arn:aws:secretsmanager:us-east-1:{MANAGEMENT}:secret:conf/secret-") and len(made["ARN"].rsplit("-", 1)[1]) == 6
fails("ResourceExistsException", 400, secrets.create_secret, Name="conf/secret", SecretString="x")
fails("ValidationException", 400, secrets.create_secret, Name="a b", SecretString="x")
assert fails("ResourceNotFoundException", 400, secrets.get_secret_value, SecretId="none") == \
    "Secrets Manager can't find the specified secret."
assert secrets.get_secret_value(SecretId=made["ARN"][:-7])["SecretString"] == "one", "an ARN without its last six characters"
staged = "11111111-2222-4333-8444-555555555555"
for _ in range(2):
    put = secrets.put_secret_value(SecretId="conf/secret", SecretString="two", ClientRequestToken=staged, VersionStages=["CONF"])
    assert put["VersionId"] == staged, "the same token and value once more is fine"
fails("ResourceExistsException", 400, secrets.put_secret_value, SecretId="conf/secret", SecretString="x", ClientRequestToken=staged)
assert secrets.get_secret_value(SecretId="conf/secret")["SecretString"] == "one"
assert secrets.get_secret_value(SecretId="conf/secret", VersionStage="CONF")["VersionId"] == staged
message = fails("InvalidParameterException", 400, secrets.update_secret_version_stage, SecretId="conf/secret",
                VersionStage="AWSCURRENT", MoveToVersionId=staged)
assert message.startswith("The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached"), message
secrets.update_secret_version_stage(SecretId="conf/secret", VersionStage="AWSCURRENT",
                                    MoveToVersionId=staged, RemoveFromVersionId=made["VersionId"])
secrets.update_secret_version_stage(SecretId="conf/secret", VersionStage="CONF", RemoveFromVersionId=staged)
facts = secrets.describe_secret(SecretId="conf/secret")
assert facts["VersionIdsToStages"] == {made["VersionId"]: ["AWSPREVIOUS"], staged: ["AWSCURRENT"]}, facts
assert facts["Tags"] == [{"Key": "team", "Value": "conf"}] and facts["KmsKeyId"] == "alias/conf"
assert secrets.get_secret_value(SecretId="conf/secret", VersionStage="AWSPREVIOUS")["SecretString"] == "one"
assert {v["VersionId"] for v in secrets.list_secret_version_ids(SecretId="conf/secret")["Versions"]} == {made["VersionId"], staged}
secrets.update_secret(SecretId="conf/secret", SecretBinary=b"\x00\x01", Description="binary now")
assert secrets.get_secret_value(SecretId="conf/secret")["SecretBinary"] == b"\x00\x01"
secrets.tag_resource(SecretId="conf/secret", Tags=[{"Key": "more", "Value": "x"}])
secrets.untag_resource(SecretId="conf/secret", TagKeys=["team"])
found = [s for p in secrets.get_paginator("list_secrets").paginate(Filters=[{"Key": "tag-key", "Values": ["more"]}])
         for s in p["SecretList"]]
assert [s["Name"] for s in found] == ["conf/secret"]
denied = fails("AccessDeniedException", 400, client("secretsmanager", second).get_secret_value, SecretId="conf/secret")
assert denied.startswith(f"User: {bob['Arn']} is not authorized to perform: secretsmanager:GetSecretValue on resource: conf/secret because"), denied
opened = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": bob["Arn"]},
          "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]}
secrets.put_resource_policy(SecretId="conf/secret", ResourcePolicy=json.dumps(opened))
assert json.loads(secrets.get_resource_policy(SecretId="conf/secret")["ResourcePolicy"]) == opened
denied = fails("AccessDeniedException", 400, client("secretsmanager", second).get_secret_value, SecretId="conf/secret")
assert denied == "Access to KMS is not allowed", denied
secrets.delete_resource_policy(SecretId="conf/secret")
secrets.delete_secret(SecretId="conf/secret", RecoveryWindowInDays=7)
assert fails("InvalidRequestException", 400, secrets.get_secret_value, SecretId="conf/secret") == \
    "You can't perform this operation on the secret because it was marked for deletion."
secrets.restore_secret(SecretId="conf/secret")
secrets.delete_secret(SecretId="conf/secret", ForceDeleteWithoutRecovery=True)
fails("ResourceNotFoundException", 400, secrets.describe_secret, SecretId="conf/secret")

# --- Parameter Store
ssm = client("ssm")
assert ssm.put_parameter(Name="/conf/key", Value="one", Type="SecureString", KeyId="alias/conf")["Version"] == 1
fails("ParameterAlreadyExists", 400, ssm.put_parameter, Name="/conf/key", Value="two", Type="SecureString")
assert ssm.put_parameter(Name="/conf/key", Value="two", Overwrite=True)["Version"] == 2
assert ssm.get_parameter(Name="/conf/key", WithDecryption=True)["Parameter"]["Value"] == "two"
assert ssm.get_parameter(Name="/conf/key")["Parameter"]["Value"] != "two", "not decrypted unless asked"
assert ssm.get_parameter(Name="/conf/key:1", WithDecryption=True)["Parameter"]["Value"] == "one"
fails("ParameterNotFound", 400, ssm.get_parameter, Name="/none")
fails("ParameterVersionNotFound", 400, ssm.get_parameter, Name="/conf/key:7")
assert ssm.label_parameter_version(Name="/conf/key", ParameterVersion=1, Labels=["good", "aws-bad"])["InvalidLabels"] == ["aws-bad"]
history = [v for p in ssm.get_paginator("get_parameter_history").paginate(Name="/conf/key", WithDecryption=True) for v in p["Parameters"]]
assert [(v["Version"], v["Value"], v.get("Labels", [])) for v in history] == [(1, "one", ["good"]), (2, "two", [])], history
ssm.put_parameter(Name="/conf/plain", Value="x", Type="String")
several = ssm.get_parameters(Names=["/conf/plain", "/none"])
assert [p["Value"] for p in several["Parameters"]] == ["x"] and several["InvalidParameters"] == ["/none"]
assert [p["Name"] for p in ssm.get_parameters_by_path(Path="/conf")["Parameters"]] == ["/conf/key", "/conf/plain"]
known = [p for page in ssm.get_paginator("describe_parameters").paginate(
    ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": ["/conf/key"]}]) for p in page["Parameters"]]
assert len(known) == 1 and known[0]["Type"] == "SecureString" and known[0]["Version"] == 2
ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="/conf/key", Tags=[{"Key": "team", "Value": "conf"}])
assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/conf/key")["TagList"] == [{"Key": "team", "Value": "conf"}]
ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId="/conf/key", TagKeys=["team"])
assert ssm.delete_parameters(Names=["/conf/plain", "/none"])["DeletedParameters"] == ["/conf/plain"]
ssm.delete_parameter(Name="/conf/key")
assert kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)["KeyState"] == "PendingDeletion"
fails("KMSInvalidStateException", 400, kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
assert kms.cancel_key_deletion(KeyId=key["KeyId"])["KeyId"] == key["Arn"]

# --- findings of the account's own product
hub = client("securityhub", region="eu-west-1")
product = f"arn:aws:securityhub:eu-west-1:{MANAGEMENT}:product/{MANAGEMENT}/default"
finding = dict(SchemaVersion="2018-10-08", Id="conf/1", ProductArn=product, GeneratorId="conf/rule", AwsAccountId=MANAGEMENT,
               CreatedAt="2026-01-02T03:04:05Z", UpdatedAt="2026-01-02T03:04:05Z", Title="t", Description="d",
               Severity={"Label": "HIGH"}, Resources=[{"Type": "AwsIamUser", "Id": "arn"}])
done = hub.batch_import_findings(Findings=[finding, dict(finding, Id="conf/2", AwsAccountId=MEMBER), dict(finding, Id="conf/3", Title="t" * 257)])
assert (done["SuccessCount"], done["FailedCount"]) == (1, 2), done
assert [f["Id"] for f in done["FailedFindings"]] == ["conf/2", "conf/3"]
hub.batch_update_findings(FindingIdentifiers=[{"Id": "conf/1", "ProductArn": product}], Workflow={"Status": "RESOLVED"})
hub.batch_import_findings(Findings=[dict(finding, RecordState="ARCHIVED", UpdatedAt="2026-01-03T03:04:05Z")])
ours = {"ProductArn": [{"Value": product, "Comparison": "EQUALS"}], "GeneratorId": [{"Value": "conf/", "Comparison": "PREFIX"}]}
found = [f for p in hub.get_paginator("get_findings").paginate(Filters=ours) for f in p["Findings"]]
assert [(f["Id"], f["RecordState"], f["Workflow"]["Status"]) for f in found] == [("conf/1", "ARCHIVED", "RESOLVED")], found
hub.batch_import_findings(Findings=[dict(finding, RecordState="ACTIVE", UpdatedAt="2026-01-04T03:04:05Z")])
assert hub.get_findings(Filters=ours)["Findings"][0]["Workflow"]["Status"] == "NEW", "what comes back is new"
borrowed = sts.assume_role(RoleArn=f"arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole", RoleSessionName="conf")["Credentials"]
fails("InvalidAccessException", 401, client("securityhub", borrowed).get_findings)

# --- which stack made it
cfn = client("cloudformation")
made = cfn.describe_stack_resources(PhysicalResourceId="AKIAIOSFODNN7EXAMPLE")["StackResources"]
assert [r["LogicalResourceId"] for r in made] == ["Key", "User"] and made[0]["StackName"] == "conf-stack", made
fails("ValidationError", 400, cfn.describe_stack_resources, PhysicalResourceId="AKIAI44QH8DHBEXAMPLE")

# --- one template in every account of the organization but the management account
root = client("organizations").list_roots()["Roots"][0]["Id"]
members = {"OrganizationalUnitIds": [root]}
template = """
Parameters: {Entering: {Type: String}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {AWS: !Ref Entering}, Action: "sts:AssumeRole"}]}
"""
stack_set = dict(
    StackSetName="conf-set", Description="conformance", TemplateBody=template, PermissionModel="SERVICE_MANAGED", Capabilities=["CAPABILITY_IAM"],
    Parameters=[{"ParameterKey": "Entering", "ParameterValue": MANAGEMENT}], AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": False})
fails("InsufficientCapabilitiesException", 400, cfn.create_stack_set, **{**stack_set, "Capabilities": []})
cfn.create_stack_set(**stack_set, Tags=[{"Key": "stage", "Value": "conf"}])
fails("NameAlreadyExistsException", 409, cfn.create_stack_set, **stack_set)
described = cfn.describe_stack_set(StackSetName="conf-set")["StackSet"]
assert described["Status"] == "ACTIVE" and described["Tags"] == [{"Key": "stage", "Value": "conf"}] and described["AutoDeployment"]["Enabled"], described
assert [s["StackSetName"] for s in cfn.list_stack_sets()["Summaries"]] == ["conf-set"]


def operated(answer):
    while (o := cfn.describe_stack_set_operation(StackSetName="conf-set", OperationId=answer["OperationId"])["StackSetOperation"])["Status"] == "RUNNING":
        time.sleep(0.1)
    assert o["Status"] == "SUCCEEDED" and o["EndTimestamp"], o
    return cfn.list_stack_set_operation_results(StackSetName="conf-set", OperationId=answer["OperationId"])["Summaries"]


begun = cfn.create_stack_instances(StackSetName="conf-set", DeploymentTargets=members, Regions=["us-east-1"])
fails("OperationInProgressException", 409, cfn.delete_stack_instances, StackSetName="conf-set", DeploymentTargets=members, Regions=["us-east-1"], RetainStacks=False)
assert [(s["Account"], s["Status"]) for s in operated(begun)] == [(MEMBER, "SUCCEEDED")]
assert [(i["Account"], i["Status"], i["OrganizationalUnitId"]) for i in cfn.list_stack_instances(StackSetName="conf-set")["Summaries"]] == [(MEMBER, "CURRENT", root)]
assert cfn.describe_stack_instance(StackSetName="conf-set", StackInstanceAccount=MEMBER, StackInstanceRegion="us-east-1")["StackInstance"]["StackId"]
fails("StackInstanceNotFoundException", 404, cfn.describe_stack_instance, StackSetName="conf-set", StackInstanceAccount=MANAGEMENT, StackInstanceRegion="us-east-1")
operated(cfn.update_stack_set(**{**stack_set, "Description": "changed"}))
override = [{"ParameterKey": "Entering", "ParameterValue": MEMBER}]
operated(cfn.update_stack_instances(StackSetName="conf-set", DeploymentTargets=members, Regions=["us-east-1"], ParameterOverrides=override))
fails("StackSetNotEmptyException", 409, cfn.delete_stack_set, StackSetName="conf-set")
operated(cfn.delete_stack_instances(StackSetName="conf-set", DeploymentTargets=members, Regions=["us-east-1"], RetainStacks=False))
assert len(cfn.list_stack_set_operations(StackSetName="conf-set")["Summaries"]) == 4
cfn.delete_stack_set(StackSetName="conf-set")
fails("StackSetNotFoundException", 404, cfn.describe_stack_set, StackSetName="conf-set")

# --- what hands a role to machines
iam.create_instance_profile(InstanceProfileName="conf-machine")
iam.add_role_to_instance_profile(InstanceProfileName="conf-machine", RoleName="conf-role")
assert iam.get_instance_profile(InstanceProfileName="conf-machine")["InstanceProfile"]["Roles"][0]["RoleName"] == "conf-role"
assert [p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"]] == ["conf-machine"]
fails("DeleteConflict", 409, iam.delete_instance_profile, InstanceProfileName="conf-machine")
iam.remove_role_from_instance_profile(InstanceProfileName="conf-machine", RoleName="conf-role")
iam.delete_instance_profile(InstanceProfileName="conf-machine")

# --- who is still in the directory
directory = client("identitystore")
address = lambda a: {"UniqueAttribute": {"AttributePath": "emails.value", "AttributeValue": a}}
assert directory.get_user_id(IdentityStoreId="d-1234567890", AlternateIdentifier=address("ana@example.com"))["UserId"]
fails("ResourceNotFoundException", 400, directory.get_user_id, IdentityStoreId="d-1234567890", AlternateIdentifier=address("bo@example.com"))
fails("ResourceNotFoundException", 400, directory.get_user_id, IdentityStoreId="d-0000000000", AlternateIdentifier=address("ana@example.com"))

# --- objects
s3 = client("s3", region="eu-west-1")
assert s3.get_object(Bucket="conf-states", Key="a dir/b+c.tfstate")["Body"].read() == b"{}"
fails("NoSuchKey", 404, s3.get_object, Bucket="conf-states", Key="none")
fails("NoSuchBucket", 404, s3.get_object, Bucket="conf-none", Key="none")

# --- topics and buses
sns = client("sns", region="eu-west-1")
topic = sns.create_topic(Name="conf")["TopicArn"]
assert topic == sns.create_topic(Name="conf")["TopicArn"]
assert sns.publish(TopicArn=topic, Subject="s", Message="m")["MessageId"]
fails("NotFound", 404, sns.publish, TopicArn=topic + "-none", Message="m")
fails("InvalidParameter", 400, sns.publish, TopicArn=topic, Message="m", Subject="two\nlines")
fails("InvalidParameter", 400, sns.publish, TopicArn=topic, Message="m" * 262145)
queue = sns.create_topic(Name="conf.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
fails("InvalidParameter", 400, sns.publish, TopicArn=queue, Message="m")
sns.publish(TopicArn=queue, Message="m", MessageGroupId="g", MessageDeduplicationId="1")
buses = client("events", region="eu-west-1")
buses.create_event_bus(Name="conf")
fails("ResourceAlreadyExistsException", 400, buses.create_event_bus, Name="conf")
put = buses.put_events(Entries=[
    {"Source": "conf", "DetailType": "t", "Detail": "{}"}, {"Source": "conf", "DetailType": "t", "Detail": "{}", "EventBusName": "conf"},
    {"Source": "conf", "DetailType": "t", "Detail": "[]"}, {"Source": "aws.conf", "DetailType": "t", "Detail": "{}"}, {"Source": "conf"}])
assert put["FailedEntryCount"] == 3, put
assert [e.get("ErrorCode") for e in put["Entries"]] == [None, None, "MalformedDetail", "NotAuthorizedForSourceException", "InvalidArgument"], put

# --- topics have policies, subscribers and tags
assert sns.create_topic(Name="conf-tagged", Tags=[{"Key": "team", "Value": "conf"}])["TopicArn"] == topic + "-tagged"
tagged = topic + "-tagged"
fails("InvalidParameter", 400, sns.create_topic, Name="conf-tagged", Tags=[{"Key": "team", "Value": "other"}])
sns.tag_resource(ResourceArn=tagged, Tags=[{"Key": "more", "Value": ""}])
sns.untag_resource(ResourceArn=tagged, TagKeys=["more"])
assert sns.list_tags_for_resource(ResourceArn=tagged)["Tags"] == [{"Key": "team", "Value": "conf"}]
fails("ResourceNotFound", 404, sns.list_tags_for_resource, ResourceArn=topic + "-none")
attributes = sns.get_topic_attributes(TopicArn=tagged)["Attributes"]
assert json.loads(attributes["Policy"])["Id"] == "__default_policy_ID" and attributes["SubscriptionsPending"] == "0", attributes
sns.set_topic_attributes(TopicArn=tagged, AttributeName="DisplayName", AttributeValue="Conf")
assert sns.get_topic_attributes(TopicArn=tagged)["Attributes"]["DisplayName"] == "Conf"
fails("InvalidParameter", 400, sns.set_topic_attributes, TopicArn=tagged, AttributeName="Policy", AttributeValue="{}")
assert sns.subscribe(TopicArn=tagged, Protocol="email", Endpoint="ana@example.com")["SubscriptionArn"] == "pending confirmation"
pending = sns.subscribe(TopicArn=tagged, Protocol="email", Endpoint="ana@example.com", ReturnSubscriptionArn=True)["SubscriptionArn"]
assert sns.get_subscription_attributes(SubscriptionArn=pending)["Attributes"]["PendingConfirmation"] == "true"
fails("InvalidParameter", 400, sns.unsubscribe, SubscriptionArn=pending)
fails("InvalidParameter", 400, sns.subscribe, TopicArn=tagged, Protocol="email", Endpoint="ana")
fails("InvalidParameter", 400, sns.confirm_subscription, TopicArn=tagged, Token="none")
queue = sns.subscribe(TopicArn=tagged, Protocol="sqs", Endpoint=f"arn:aws:sqs:eu-west-1:{MANAGEMENT}:conf")["SubscriptionArn"]
assert [s["SubscriptionArn"] for s in sns.list_subscriptions_by_topic(TopicArn=tagged)["Subscriptions"]] == ["PendingConfirmation", queue]
sns.set_subscription_attributes(SubscriptionArn=queue, AttributeName="RawMessageDelivery", AttributeValue="true")
sns.unsubscribe(SubscriptionArn=queue)
fails("NotFound", 404, sns.get_subscription_attributes, SubscriptionArn=queue)
assert tagged in [t["TopicArn"] for p in sns.get_paginator("list_topics").paginate() for t in p["Topics"]]

# --- metrics and alarms
watch = client("cloudwatch", region="eu-west-1")
now = datetime.datetime.now(datetime.timezone.utc)
state = [{"Name": "State", "Value": "old"}]
watch.put_metric_data(Namespace="Conf", MetricData=[
    {"MetricName": "Keys", "Dimensions": state, "Value": 2, "Unit": "Count"}, {"MetricName": "Age", "Values": [1, 3], "Counts": [1, 2]},
    {"MetricName": "Sum", "StatisticValues": {"SampleCount": 2, "Sum": 5, "Minimum": 1, "Maximum": 4}}])
fails("InvalidParameterValue", 400, watch.put_metric_data, Namespace="AWS/Config", MetricData=[{"MetricName": "Keys", "Value": 2}])
fails("InvalidParameterValue", 400, watch.put_metric_data, Namespace="Conf", MetricData=[{"MetricName": "Keys", "Value": 2, "Timestamp": now - datetime.timedelta(days=20)}])
fails("InvalidParameterCombination", 400, watch.put_metric_data, Namespace="Conf", MetricData=[{"MetricName": "Keys"}])
assert [m["Dimensions"] for m in watch.list_metrics(Namespace="Conf", MetricName="Keys")["Metrics"]] == [state]
span = dict(StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(minutes=5))
points = watch.get_metric_statistics(Namespace="Conf", MetricName="Keys", Dimensions=state, Period=60, Statistics=["Maximum", "SampleCount"], **span)["Datapoints"]
assert [(p["Maximum"], p["SampleCount"], p["Unit"]) for p in points] == [(2, 1, "Count")], points
data = watch.get_metric_data(MetricDataQueries=[{"Id": "a", "MetricStat": {"Metric": {"Namespace": "Conf", "MetricName": "Age"}, "Period": 300, "Stat": "Sum"}}], **span)
assert [(d["Id"], d["Values"]) for d in data["MetricDataResults"]] == [("a", [7])], data
alarm = dict(AlarmName="conf", Namespace="Conf", MetricName="Keys", Dimensions=state, Statistic="Maximum", Period=3600, EvaluationPeriods=2,
             DatapointsToAlarm=1, Threshold=0.5, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore", AlarmActions=[topic])
watch.put_metric_alarm(**alarm, Tags=[{"Key": "team", "Value": "conf"}])
fails("ValidationError", 400, watch.put_metric_alarm, **dict(alarm, EvaluationPeriods=169))
fails("ValidationError", 400, watch.put_metric_alarm, **dict(alarm, Period=300, EvaluationPeriods=289))
fails("ValidationError", 400, watch.put_metric_alarm, **dict(alarm, TreatMissingData="nonsense"))
have = watch.describe_alarms(AlarmNames=["conf"])["MetricAlarms"][0]
assert {k: have[k] for k in alarm} == alarm and have["StateValue"] == "INSUFFICIENT_DATA", have
assert watch.list_tags_for_resource(ResourceARN=have["AlarmArn"])["Tags"] == [{"Key": "team", "Value": "conf"}]
watch.tag_resource(ResourceARN=have["AlarmArn"], Tags=[{"Key": "more", "Value": "x"}])
watch.untag_resource(ResourceARN=have["AlarmArn"], TagKeys=["more"])
watch.set_alarm_state(AlarmName="conf", StateValue="ALARM", StateReason="conf")
assert watch.describe_alarms(StateValue="ALARM")["MetricAlarms"][0]["AlarmName"] == "conf"
watch.disable_alarm_actions(AlarmNames=["conf"])
assert not watch.describe_alarms(AlarmNamePrefix="con")["MetricAlarms"][0]["ActionsEnabled"]
watch.enable_alarm_actions(AlarmNames=["conf"])
fails("ResourceNotFound", 404, watch.delete_alarms, AlarmNames=["none"])
watch.delete_alarms(AlarmNames=["conf"])
fails("ResourceNotFoundException", 404, watch.list_tags_for_resource, ResourceARN=have["AlarmArn"])

# --- AWS Config's rules, in an account and over the organization
conf = client("config", region="eu-west-1")
rule = dict(ConfigRuleName="conf-rotated", Source={"Owner": "AWS", "SourceIdentifier": "ACCESS_KEYS_ROTATED"}, InputParameters='{"maxAccessKeyAge":"60"}')
conf.put_config_rule(ConfigRule=rule, Tags=[{"Key": "team", "Value": "conf"}])
fails("InvalidParameterValueException", 400, conf.put_config_rule, ConfigRule=dict(rule, InputParameters='{"maxAge":"60"}'))
fails("InvalidParameterValueException", 400, conf.put_config_rule, ConfigRule=dict(rule, InputParameters='{'))
made = conf.describe_config_rules(ConfigRuleNames=["conf-rotated"])["ConfigRules"][0]
assert {k: made[k] for k in rule} == rule and made["ConfigRuleState"] == "ACTIVE", made
conf.tag_resource(ResourceArn=made["ConfigRuleArn"], Tags=[{"Key": "more", "Value": "x"}])
conf.untag_resource(ResourceArn=made["ConfigRuleArn"], TagKeys=["more"])
assert conf.list_tags_for_resource(ResourceArn=made["ConfigRuleArn"])["Tags"] == [{"Key": "team", "Value": "conf"}]
assert not conf.describe_config_rule_evaluation_status(ConfigRuleNames=["conf-rotated"])["ConfigRulesEvaluationStatus"][0]["FirstEvaluationStarted"]
conf.start_config_rules_evaluation(ConfigRuleNames=["conf-rotated"])
urllib.request.urlopen(urllib.request.Request(ENDPOINT + "/_sim/advance?by=2m", method="POST")).read()
found = [e for p in conf.get_paginator("get_compliance_details_by_config_rule").paginate(ConfigRuleName="conf-rotated", PaginationConfig={"PageSize": 50})
         for e in p["EvaluationResults"]]
assert {e["ComplianceType"] for e in found} == {"COMPLIANT", "NON_COMPLIANT"}, found
assert all(e["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceType"] == "AWS::IAM::User" for e in found)
bad = conf.get_compliance_details_by_config_rule(ConfigRuleName="conf-rotated", ComplianceTypes=["NON_COMPLIANT"])["EvaluationResults"]
assert len(bad) == 10, "ten where nothing is said"
conf.delete_config_rule(ConfigRuleName="conf-rotated")
fails("NoSuchConfigRuleException", 400, conf.describe_config_rules, ConfigRuleNames=["conf-rotated"])
over = conf.put_organization_config_rule(OrganizationConfigRuleName="conf-over",
    OrganizationManagedRuleMetadata={"RuleIdentifier": "IAM_ROOT_ACCESS_KEY_CHECK"})["OrganizationConfigRuleArn"]
assert conf.describe_organization_config_rules(OrganizationConfigRuleNames=["conf-over"])["OrganizationConfigRules"][0]["OrganizationConfigRuleArn"] == over
assert conf.describe_organization_config_rule_statuses()["OrganizationConfigRuleStatuses"][0]["OrganizationRuleStatus"] == "CREATE_FAILED", "the member has no recorder"
details = {d["AccountId"]: d for d in conf.get_organization_config_rule_detailed_status(OrganizationConfigRuleName="conf-over")["OrganizationConfigRuleDetailedStatus"]}
assert details[MANAGEMENT]["MemberAccountRuleStatus"] == "CREATE_SUCCESSFUL" and details[MEMBER]["MemberAccountRuleStatus"] == "CREATE_FAILED", details
fails("AccessDeniedException", 400, conf.delete_config_rule, ConfigRuleName=details[MANAGEMENT]["ConfigRuleName"])
borrowed = sts.assume_role(RoleArn=f"arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole", RoleSessionName="conf")["Credentials"]
member = client("config", borrowed, region="eu-west-1")
fails("OrganizationAccessDeniedException", 400, member.describe_organization_config_rules)
fails("NoAvailableConfigurationRecorderException", 400, member.put_config_rule, ConfigRule=rule)
conf.delete_organization_config_rule(OrganizationConfigRuleName="conf-over")
fails("NoSuchOrganizationConfigRuleException", 400, conf.delete_organization_config_rule, OrganizationConfigRuleName="conf-over")
conf.stop_configuration_recorder(ConfigurationRecorderName="default")
assert not conf.describe_configuration_recorder_status()["ConfigurationRecordersStatus"][0]["recording"]
conf.start_configuration_recorder(ConfigurationRecorderName="default")
sns.delete_topic(TopicArn=tagged)
fails("NotFound", 404, sns.get_topic_attributes, TopicArn=tagged)

# --- what runs and builds, and what it is given
ecs = client("ecs")
assert ecs.list_clusters()["clusterArns"] == [f"arn:aws:ecs:us-east-1:{MANAGEMENT}:cluster/conf"]
services = ecs.list_services(cluster="conf")["serviceArns"]
service = ecs.describe_services(cluster="conf", services=services + ["none"])
assert service["services"][0]["taskDefinition"].endswith(":task-definition/conf-web:1") and service["failures"][0]["reason"] == "MISSING", service
fails("ClusterNotFoundException", 400, ecs.list_services, cluster="none")
assert ecs.list_task_definition_families(status="ACTIVE")["families"] == ["conf-web"]
assert ecs.describe_task_definition(taskDefinition="conf-web")["taskDefinition"]["revision"] == 2
first = ecs.describe_task_definition(taskDefinition=service["services"][0]["taskDefinition"])["taskDefinition"]["containerDefinitions"][0]
assert first["environment"] == [{"name": "STAGE", "value": "prod"}] and first["secrets"][0]["valueFrom"] == "conf/secret", first
fails("ClientException", 400, ecs.describe_task_definition, taskDefinition="none")
build = client("codebuild")
assert build.list_projects()["projects"] == ["conf-build"]
project = build.batch_get_projects(names=["conf-build", "none"])
assert project["projects"][0]["environment"]["environmentVariables"][0]["type"] == "PLAINTEXT" and project["projectsNotFound"] == ["none"], project
ec2 = client("ec2")
launched = [i for page in ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 1}) for r in page["Reservations"] for i in r["Instances"]]
assert [i["InstanceId"][-1] for i in launched] == ["0", "1"] and launched[0]["State"]["Name"] == "running" and launched[0]["Tags"], launched
import base64
data = ec2.describe_instance_attribute(InstanceId="i-0123456789abcdef0", Attribute="userData")["UserData"]["Value"]
assert base64.b64decode(data) == b"#!/bin/sh\n", data
assert ec2.describe_instance_attribute(InstanceId="i-0123456789abcdef1", Attribute="userData")["UserData"] == {}
fails("InvalidInstanceID.NotFound", 400, ec2.describe_instance_attribute, InstanceId="i-0123456789abcdef9", Attribute="userData")
template = ec2.describe_launch_templates()["LaunchTemplates"][0]
versions = ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])["LaunchTemplateVersions"]
assert [v["VersionNumber"] for v in versions] == [1, 2] and base64.b64decode(versions[0]["LaunchTemplateData"]["UserData"]), versions

# --- leave nothing: AWS's order of deletion
iam.delete_login_profile(UserName="bob")
iam.remove_user_from_group(GroupName="conf-group", UserName="bob")
iam.delete_user_policy(UserName="bob", PolicyName="lists")
iam.detach_user_policy(UserName="bob", PolicyArn=policy["Arn"])
iam.delete_access_key(UserName="bob", AccessKeyId=second["AccessKeyId"])
iam.delete_user(UserName="bob")
fails("NoSuchEntity", 404, iam.get_user, UserName="bob")
iam.delete_group(GroupName="conf-group")
iam.delete_policy(PolicyArn=policy["Arn"])
iam.delete_role(RoleName="conf-role")
print("boto3", boto3.__version__, "finds nothing that AWS would not do")
