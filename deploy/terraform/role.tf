# The role that the function runs as. What it may do stands in permissions.tf.

data "aws_iam_policy_document" "trust_lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "log" {
  count = local.has_function ? 1 : 0

  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.rotation[0].arn}:*"]
  }
}

resource "aws_iam_role" "rotation" {
  count = local.has_function ? 1 : 0

  name               = local.function_name
  description        = "What Keytend's rotation function runs as"
  assume_role_policy = data.aws_iam_policy_document.trust_lambda.json
  tags               = var.tags

  lifecycle {
    precondition {
      condition     = length(local.secret_arns) > 0
      error_message = "The function has no secret to work on: give secrets, or secret_patterns."
    }
  }
}

resource "aws_iam_role_policy" "rotation" {
  count = local.has_function ? 1 : 0

  name   = "rotation"
  role   = aws_iam_role.rotation[0].name
  policy = data.aws_iam_policy_document.rotation.json
}

resource "aws_iam_role_policy" "log" {
  count = local.has_function ? 1 : 0

  name   = "log"
  role   = aws_iam_role.rotation[0].name
  policy = data.aws_iam_policy_document.log[0].json
}

resource "aws_iam_role_policy" "scan" {
  count = local.has_function && var.scan != null ? 1 : 0

  name   = "scan"
  role   = aws_iam_role.rotation[0].name
  policy = data.aws_iam_policy_document.scan.json
}
