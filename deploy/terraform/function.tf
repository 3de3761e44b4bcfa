# The function: Keytend's own binary, which Secrets Manager calls for each step
# of a rotation, and the schedules for what comes after.

resource "aws_cloudwatch_log_group" "rotation" {
  count = local.has_function ? 1 : 0

  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

resource "aws_lambda_function" "rotation" {
  count = local.has_function ? 1 : 0

  function_name    = local.function_name
  description      = "Keytend: rotates IAM access keys that are kept in Secrets Manager"
  role             = aws_iam_role.rotation[0].arn
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  timeout          = var.timeout
  memory_size      = var.memory
  tags             = var.tags

  # One at a time: the protocol counts on it that no two work on one secret.
  reserved_concurrent_executions = 1

  dynamic "environment" {
    for_each = var.policy == "" ? [] : [var.policy]

    content {
      variables = {
        KEYTEND_POLICY = environment.value
      }
    }
  }

  depends_on = [aws_cloudwatch_log_group.rotation, aws_iam_role_policy.rotation, aws_iam_role_policy.log]
}

# What comes by schedule is sent again by the next round: an old event that is
# tried again later would only be in its way.
resource "aws_lambda_function_event_invoke_config" "rotation" {
  count = local.has_function ? 1 : 0

  function_name                = aws_lambda_function.rotation[0].function_name
  maximum_event_age_in_seconds = 3600
  maximum_retry_attempts       = 0
}

resource "aws_lambda_permission" "secretsmanager" {
  count = local.has_function ? 1 : 0

  statement_id   = "SecretsManager"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.rotation[0].function_name
  principal      = "secretsmanager.amazonaws.com"
  source_account = local.account
}

resource "aws_secretsmanager_secret_rotation" "this" {
  for_each = local.has_function ? var.secrets : {}

  secret_id           = each.value.arn
  rotation_lambda_arn = local.function_arn
  rotate_immediately  = each.value.now

  rotation_rules {
    automatically_after_days = each.value.every_days
    schedule_expression      = each.value.schedule
    duration                 = each.value.window
  }

  depends_on = [aws_lambda_permission.secretsmanager]
}
