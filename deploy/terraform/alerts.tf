# Who is told, and by which events.

resource "aws_sns_topic" "alerts" {
  count = var.topic == null ? 1 : 0

  name         = var.name
  display_name = "Keytend"
  tags         = var.tags
}

data "aws_iam_policy_document" "alerts" {
  statement {
    sid       = "Alarms"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  # EventBridge says of no message where it comes from: a condition here would
  # silently keep every event away.
  statement {
    sid       = "Events"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  count = var.topic == null ? 1 : 0

  arn    = aws_sns_topic.alerts[0].arn
  policy = data.aws_iam_policy_document.alerts.json
}

resource "aws_sns_topic_subscription" "mail" {
  for_each = var.mail

  topic_arn = local.topic_arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_event_rule" "config_compliance" {
  count = var.config_rules == null ? 0 : 1

  name        = "${var.name}-config-compliance"
  description = "AWS Config finds a user or an account that breaks one of Keytend's rules"
  tags        = var.tags

  event_pattern = jsonencode({
    source        = ["aws.config"]
    "detail-type" = ["Config Rules Compliance Change"]
    detail = {
      messageType = ["ComplianceChangeNotification"]
      configRuleName = concat(
        [for key in keys(local.config_rules) : "${var.name}-${key}" if !local.for_organization],
        [for key in keys(local.config_rules) : { prefix = "OrgConfigRule-${var.name}-${key}-" } if local.for_organization],
      )
      newEvaluationResult = { complianceType = ["NON_COMPLIANT"] }
    }
  })
}

resource "aws_cloudwatch_event_target" "config_compliance" {
  count = var.config_rules == null ? 0 : 1

  rule = aws_cloudwatch_event_rule.config_compliance[0].name
  arn  = local.topic_arn

  input_transformer {
    input_paths = {
      account  = "$.detail.awsAccountId"
      resource = "$.detail.resourceId"
      rule     = "$.detail.configRuleName"
    }
    input_template = "\"AWS Config: <resource> in account <account> breaks <rule>. keytend scan says which key it is, and what to do.\""
  }
}

# These events come by way of CloudTrail: the account needs a trail that logs
# management events.
resource "aws_cloudwatch_event_rule" "rotation_failed" {
  count = local.has_function ? 1 : 0

  name        = "${var.name}-rotation-failed"
  description = "Secrets Manager could not rotate a secret, or has given a rotation up"
  tags        = var.tags

  event_pattern = jsonencode({
    source        = ["aws.secretsmanager"]
    "detail-type" = ["AWS Service Event via CloudTrail"]
    detail = {
      eventSource = ["secretsmanager.amazonaws.com"]
      eventName   = ["RotationFailed", "RotationAbandoned"]
    }
  })
}

resource "aws_cloudwatch_event_target" "rotation_failed" {
  count = local.has_function ? 1 : 0

  rule = aws_cloudwatch_event_rule.rotation_failed[0].name
  arn  = local.topic_arn

  input_transformer {
    input_paths = {
      account = "$.account"
      name    = "$.detail.eventName"
      region  = "$.region"
      secret  = "$.detail.additionalEventData.SecretId"
    }
    input_template = "\"Secrets Manager: <name> of <secret> (account <account>, <region>). The log /aws/lambda/${local.function_name} says why; the key in use still works.\""
  }
}
