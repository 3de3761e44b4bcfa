# AWS Config's own verdicts on access keys. IAM is global: one region is enough,
# and more would count every user again.

locals {
  max_key_age      = try(var.config_rules.max_key_age, null)
  max_unused       = try(var.config_rules.max_unused, null)
  for_organization = try(var.config_rules.organization, false)

  config_rules = { for key, rule in {
    access-keys-rotated = {
      identifier  = "ACCESS_KEYS_ROTATED"
      description = "No active access key is older than ${coalesce(local.max_key_age, 90)} days"
      parameters  = jsonencode({ maxAccessKeyAge = tostring(local.max_key_age) })
    }
    iam-user-unused-credentials-check = {
      identifier  = "IAM_USER_UNUSED_CREDENTIALS_CHECK"
      description = "No password or access key has been unused for ${coalesce(local.max_unused, 45)} days"
      parameters  = jsonencode({ maxCredentialUsageAge = tostring(local.max_unused) })
    }
    iam-root-access-key-check = {
      identifier  = "IAM_ROOT_ACCESS_KEY_CHECK"
      description = "The root user has no access key"
      parameters  = null
    }
  } : key => rule if var.config_rules != null }
}

resource "aws_config_config_rule" "this" {
  for_each = { for key, rule in local.config_rules : key => rule if !local.for_organization }

  name                        = "${var.name}-${each.key}"
  description                 = each.value.description
  input_parameters            = each.value.parameters
  maximum_execution_frequency = var.config_rules.frequency
  tags                        = var.tags

  source {
    owner             = "AWS"
    source_identifier = each.value.identifier
  }
}

resource "aws_config_organization_managed_rule" "this" {
  for_each = { for key, rule in local.config_rules : key => rule if local.for_organization }

  name                        = "${var.name}-${each.key}"
  description                 = each.value.description
  rule_identifier             = each.value.identifier
  input_parameters            = each.value.parameters
  maximum_execution_frequency = var.config_rules.frequency
  excluded_accounts           = var.config_rules.exclude
}

# Alarms on Keytend's own metrics: AWS Config publishes none on which rule is
# broken, so an alarm on one would never fire. A scan sends them all, the
# function those of its own work; an alarm that would never have data is not
# made.

locals {
  has_metrics     = var.scan != null || try(var.alarms.metrics_from_elsewhere, false)
  oldest_key_days = try(var.alarms.oldest_key_days, 120)

  metric_alarms = { for name, alarm in {
    old-keys = {
      fed         = local.has_metrics
      description = "Active access keys are older than the policy allows: keytend scan says which."
      metric      = "Keys"
      dimensions  = { State = "old" }
      statistic   = "Maximum"
      threshold   = 0
    }
    oldest-key = {
      fed         = local.has_metrics
      description = "An active access key is older than ${local.oldest_key_days} days: keytend scan says which."
      metric      = "OldestKeyAge"
      dimensions  = {}
      statistic   = "Maximum"
      threshold   = local.oldest_key_days * 86400
    }
    rotations-failed = {
      fed         = local.has_metrics || local.has_function
      description = "A rotation of an access key has failed, or needs a look: keytend status says which, or the lines of the function's log with an alert; keytend scan where its secret was deleted."
      metric      = "RotationsFailed"
      dimensions  = {}
      statistic   = "Sum"
      threshold   = 0
    }
    records-blocked = {
      fed         = local.has_metrics || local.has_function
      description = "A rotation of an access key waits for a person to choose: keytend status says which, and what to do; of a secret the function's log says which, and keytend secret status what to do."
      metric      = "RecordsBlocked"
      dimensions  = {}
      statistic   = "Maximum"
      threshold   = 0
    }
  } : name => alarm if var.alarms != null && alarm.fed }
}

resource "aws_cloudwatch_metric_alarm" "metrics" {
  for_each = local.metric_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "Keytend"
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 3600
  evaluation_periods  = 1
  treat_missing_data  = "ignore"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "silent" {
  count = var.alarms != null && local.has_metrics ? 1 : 0

  alarm_name          = "${var.name}-silent"
  alarm_description   = "Nobody has counted the access keys for 25 hours: does the scan still run?"
  namespace           = "Keytend"
  metric_name         = "Keys"
  statistic           = "SampleCount"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 3600
  evaluation_periods  = 25
  datapoints_to_alarm = 25
  treat_missing_data  = "breaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags

  dimensions = {
    State = "active"
  }
}

resource "aws_cloudwatch_metric_alarm" "function_errors" {
  count = local.has_function && var.alarms != null ? 1 : 0

  alarm_name          = "${var.name}-function-errors"
  alarm_description   = "Keytend's rotation function has failed: its log says why. Secrets Manager tries a rotation again by itself."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 3600
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags

  dimensions = {
    FunctionName = aws_lambda_function.rotation[0].function_name
  }
}
