# What the examples leave off: a topic, secrets and keys of one's own, made in the
# same root module; every other setting; a second function beside the first; and
# the parts switched off one by one.

terraform {
  required_version = ">= 1.5.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.40.0, < 7.0.0"
    }
  }
}

provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = { team = "platform" }
  }

  ignore_tags {
    key_prefixes = ["keytend:rotation/"]
  }
}

data "aws_iam_policy_document" "key" {
  statement {
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::123456789012:root"]
    }
  }

  statement {
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.us-east-1.amazonaws.com"]
    }
  }
}

resource "aws_kms_key" "own" {
  description             = "Secrets and logs"
  policy                  = data.aws_iam_policy_document.key.json
  deletion_window_in_days = 7
}

resource "aws_sns_topic" "own" {
  name = "security"
}

data "aws_iam_policy_document" "own" {
  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.own.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    }
  }
}

resource "aws_sns_topic_policy" "own" {
  arn    = aws_sns_topic.own.arn
  policy = data.aws_iam_policy_document.own.json
}

resource "aws_secretsmanager_secret" "own" {
  for_each = toset(["nightly", "weekly"])

  name                    = "prod/own/${each.key}"
  kms_key_id              = aws_kms_key.own.arn
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "own" {
  for_each = aws_secretsmanager_secret.own

  secret_id     = each.value.id
  secret_string = "{}"
}

module "everything" {
  source = "../.."

  name               = "all"
  tags               = { owner = "security" }
  package            = "${path.module}/keytend-lambda.zip"
  architecture       = "x86_64"
  policy             = "mode: observe\n"
  timeout            = 300
  memory             = 512
  log_retention_days = 30
  log_kms_key_arn    = aws_kms_key.own.arn
  kms_key_arns       = [aws_kms_key.own.arn]
  secret_patterns    = ["prod/*", "exact"]
  user_path          = "/apps/"
  user_tag           = { key = "keytend", value = "managed" }
  reap_schedule      = "cron(0 3 * * ? *)"
  topic              = { arn = aws_sns_topic.own.arn }
  mail               = ["security@example.com", "owner@example.com"]

  secrets = {
    nightly = {
      arn      = aws_secretsmanager_secret_version.own["nightly"].arn
      schedule = "cron(0 2 1 * ? *)"
      window   = "3h"
    }
    weekly = {
      arn        = aws_secretsmanager_secret_version.own["weekly"].arn
      every_days = 7
      window     = "12h"
      now        = true
    }
  }

  scan = {
    schedule = "cron(30 6 ? * MON-FRI *)"
    args     = ["scan", "--output", "csv"]
  }

  config_rules = {
    max_key_age = 60
    max_unused  = 30
    frequency   = "Six_Hours"
  }

  alarms = {
    oldest_key_days        = 60
    metrics_from_elsewhere = true
  }

  member_role = {
    principal = "arn:aws:iam::123456789012:role/keytend"
    name      = "all-member"
  }
}

# Without alarms and without a policy file.
module "silent" {
  source = "../.."

  name            = "silent"
  package         = "${path.module}/keytend-lambda.zip"
  secret_patterns = ["other/*"]
  alarms          = null
}

# Rules over the organization, but for one account, and nobody is told.
module "rules" {
  source = "../.."

  name   = "rules"
  alarms = null

  config_rules = {
    organization = true
    exclude      = ["444455556666"]
  }
}

module "member" {
  source = "../../modules/member-role"

  name        = "alone"
  principal   = "arn:aws:iam::123456789012:root"
  external_id = "example"
  write       = true
  user_path   = "/apps/"
  tags        = { owner = "security" }
}

output "made" {
  value = {
    function = module.everything.function_arn
    role     = module.everything.function_role_arn
    log      = module.everything.log_group
    topic    = module.everything.topic_arn
    rules    = module.everything.config_rule_names
    member   = module.everything.member_role_arn
    alone    = [module.member.role_arn, module.member.role_name]
    nothing  = [module.rules.function_arn, module.silent.member_role_arn]
  }
}
