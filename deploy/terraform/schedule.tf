# EventBridge Scheduler calls the function as a role that may do nothing else.

data "aws_iam_policy_document" "trust_scheduler" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "scheduler" {
  count = local.has_function ? 1 : 0

  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = [local.function_arn]
  }
}

resource "aws_iam_role" "scheduler" {
  count = local.has_function ? 1 : 0

  name               = "${var.name}-schedule"
  assume_role_policy = data.aws_iam_policy_document.trust_scheduler.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "scheduler" {
  count = local.has_function ? 1 : 0

  name   = "invoke"
  role   = aws_iam_role.scheduler[0].name
  policy = data.aws_iam_policy_document.scheduler[0].json
}

resource "aws_scheduler_schedule" "reap" {
  count = local.has_function ? 1 : 0

  name                = "${var.name}-reap"
  description         = "Switches old keys off when they have been silent, and deletes them after their rest"
  schedule_expression = var.reap_schedule

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = local.function_arn
    role_arn = aws_iam_role.scheduler[0].arn
    input    = jsonencode({ task = "reap" })

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 3
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}

resource "aws_scheduler_schedule" "scan" {
  count = local.has_function && var.scan != null ? 1 : 0

  name                = "${var.name}-scan"
  description         = "Scans the account's access keys"
  schedule_expression = var.scan.schedule

  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15
  }

  target {
    arn      = local.function_arn
    role_arn = aws_iam_role.scheduler[0].arn
    input    = jsonencode({ args = var.scan.args })

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 3
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}
