# ECS task role takes the place of the keys of billing in account 123456789012: ECS task.
# Its rights are those seen used from 2026-08-25 to 2026-11-23 that the user has now, and no others.
# Data events are not in it: reads and writes of S3 objects, DynamoDB items, SQS and SNS messages, Lambda invocations. Where the program does such things, add their actions yourself, as narrow as the user's are now.
# What happens less often than the window is long (yearly jobs, recovery) is not in it either.
# No event names on what these were called, so that the user's own resources stand, * among them: ec2:DescribeInstances sqs:ListQueues. Narrow them to what the program needs.
data "aws_iam_policy_document" "billing_role" {
  statement {
    actions   = ["ec2:DescribeInstances"]
    resources = ["*"]
  }

  statement {
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::example/*"]
  }

  statement {
    actions       = ["s3:PutObject", "sqs:ListQueues"]
    not_resources = ["arn:aws:sqs:*:123456789012:payroll"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = ["eu-central-1"]
    }
  }

  statement {
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::example/locked/*"]
  }
}

data "aws_iam_policy_document" "trust_billing_role" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = ["123456789012"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:aws:ecs:*:123456789012:*"]
    }
  }
}

resource "aws_iam_role" "billing_role" {
  name               = "billing-role"
  assume_role_policy = data.aws_iam_policy_document.trust_billing_role.json
  description        = "Takes the place of keys of the IAM user billing"
  tags = {
    "keytend:replaces" = "AIDACKCEVSQ6C2EXAMPLE"
  }
}

resource "aws_iam_policy" "billing_role" {
  name   = "billing-role"
  policy = data.aws_iam_policy_document.billing_role.json
}

resource "aws_iam_role_policy_attachment" "billing_role" {
  role       = aws_iam_role.billing_role.name
  policy_arn = aws_iam_policy.billing_role.arn
}

output "billing_role_arn" {
  description = "The role that takes the key's place"
  value       = aws_iam_role.billing_role.arn
}
