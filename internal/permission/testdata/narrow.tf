variable "principal" {
  description = "ARN of whoever runs Keytend and may assume the role"
  type        = string
}

variable "external_id" {
  description = "External ID that Keytend sends along; empty: none"
  type        = string
  default     = ""
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "KeytendRead"
    actions   = ["cloudtrail:LookupEvents", "iam:GetAccessKeyLastUsed", "iam:GetAccountSummary"]
    resources = ["*"]
  }

  statement {
    sid       = "KeytendReadItself"
    actions   = ["iam:SimulatePrincipalPolicy"]
    resources = ["arn:aws:iam::*:role/ops/keytend"]
  }

  statement {
    sid       = "KeytendReadItselfRole"
    actions   = ["iam:GetRole"]
    resources = ["arn:aws:iam::*:role/ops/keytend"]
  }

  statement {
    sid       = "KeytendReadUsers"
    actions   = ["iam:GetUser", "iam:ListAccessKeys"]
    resources = ["arn:aws:iam::*:user/apps/*"]
  }
}

data "aws_iam_policy_document" "deliver" {
  statement {
    sid       = "KeytendDeliverEncryption"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["arn:aws:kms:*:*:key/*"]

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values   = ["secretsmanager.*.amazonaws.com", "ssm.*.amazonaws.com"]
    }
  }

  statement {
    sid       = "KeytendDeliverSecrets"
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
    resources = ["arn:aws:secretsmanager:*:*:secret:prod/*", "arn:aws:secretsmanager:*:*:secret:billing-??????"]
  }
}

data "aws_iam_policy_document" "create" {
  statement {
    sid       = "KeytendCreateUsers"
    actions   = ["iam:CreateAccessKey"]
    resources = ["arn:aws:iam::*:user/apps/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/keytend"
      values   = ["managed"]
    }
  }

  statement {
    sid       = "KeytendCreateUsersTags"
    actions   = ["iam:TagUser", "iam:UntagUser"]
    resources = ["arn:aws:iam::*:user/apps/*"]

    condition {
      test     = "ForAllValues:StringLike"
      variable = "aws:TagKeys"
      values   = ["keytend:claim", "AKIA*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/keytend"
      values   = ["managed"]
    }
  }
}

data "aws_iam_policy_document" "deactivate" {
  statement {
    sid       = "KeytendDeactivateUsers"
    actions   = ["iam:UpdateAccessKey"]
    resources = ["arn:aws:iam::*:user/apps/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/keytend"
      values   = ["managed"]
    }
  }
}

data "aws_iam_policy_document" "delete" {
  statement {
    sid       = "KeytendDeleteUsers"
    actions   = ["iam:DeleteAccessKey"]
    resources = ["arn:aws:iam::*:user/apps/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/keytend"
      values   = ["managed"]
    }
  }
}

data "aws_iam_policy_document" "trust_keytend" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.principal]
    }

    dynamic "condition" {
      for_each = var.external_id == "" ? [] : [var.external_id]

      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "keytend" {
  name               = "keytend"
  assume_role_policy = data.aws_iam_policy_document.trust_keytend.json
}

resource "aws_iam_policy" "read" {
  name   = "keytend-read"
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy_attachment" "read" {
  role       = aws_iam_role.keytend.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_policy" "deliver" {
  name   = "keytend-deliver"
  policy = data.aws_iam_policy_document.deliver.json
}

resource "aws_iam_role_policy_attachment" "deliver" {
  role       = aws_iam_role.keytend.name
  policy_arn = aws_iam_policy.deliver.arn
}

resource "aws_iam_policy" "create" {
  name   = "keytend-create"
  policy = data.aws_iam_policy_document.create.json
}

resource "aws_iam_role_policy_attachment" "create" {
  role       = aws_iam_role.keytend.name
  policy_arn = aws_iam_policy.create.arn
}

resource "aws_iam_policy" "deactivate" {
  name   = "keytend-deactivate"
  policy = data.aws_iam_policy_document.deactivate.json
}

resource "aws_iam_role_policy_attachment" "deactivate" {
  role       = aws_iam_role.keytend.name
  policy_arn = aws_iam_policy.deactivate.arn
}

resource "aws_iam_policy" "delete" {
  name   = "keytend-delete"
  policy = data.aws_iam_policy_document.delete.json
}

resource "aws_iam_role_policy_attachment" "delete" {
  role       = aws_iam_role.keytend.name
  policy_arn = aws_iam_policy.delete.arn
}
