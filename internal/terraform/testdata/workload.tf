# The role that takes the place of a key.
# Read it before it is applied.
variable "repository" {
  description = "Who may assume it"
  type        = string
}

variable "tags" {
  description = "Tags"
  type        = map(string)
  default     = {}
}

data "aws_iam_policy_document" "billing" {
  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::example/$${aws:username}/*"]
  }

  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "trust_billing" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = [var.repository]
    }
  }
}

resource "aws_iam_role" "billing" {
  name                 = "billing"
  assume_role_policy   = data.aws_iam_policy_document.trust_billing.json
  max_session_duration = 3600
  tags                 = var.tags
}

resource "aws_iam_policy" "billing" {
  name   = "billing"
  policy = data.aws_iam_policy_document.billing.json
}

resource "aws_iam_role_policy_attachment" "billing" {
  role       = aws_iam_role.billing.name
  policy_arn = aws_iam_policy.billing.arn
}

module "other" {
  source = "./other"
  secrets = {
    plain = ["a", var.repository]
    "prod/billing" = {
      days = 45
      now  = false
    }
  }
}

output "role_arn" {
  description = "The role"
  value       = aws_iam_role.billing.arn
}
