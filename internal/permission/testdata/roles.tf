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
    resources = ["arn:aws:iam::*:role/keytend-create", "arn:aws:iam::*:role/keytend-deactivate", "arn:aws:iam::*:role/keytend-delete"]
  }

  statement {
    sid       = "KeytendReadItselfRole"
    actions   = ["iam:GetRole"]
    resources = ["arn:aws:iam::*:role/keytend-create", "arn:aws:iam::*:role/keytend-deactivate", "arn:aws:iam::*:role/keytend-delete"]
  }

  statement {
    sid       = "KeytendReadUsers"
    actions   = ["iam:GetUser", "iam:ListAccessKeys"]
    resources = ["arn:aws:iam::*:user/*"]
  }
}

data "aws_iam_policy_document" "trust_read" {
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

resource "aws_iam_role" "read" {
  name               = "keytend-read"
  assume_role_policy = data.aws_iam_policy_document.trust_read.json
}

resource "aws_iam_policy" "read" {
  name   = "keytend-read"
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy_attachment" "read" {
  role       = aws_iam_role.read.name
  policy_arn = aws_iam_policy.read.arn
}

data "aws_iam_policy_document" "create" {
  statement {
    sid       = "KeytendCreateUsers"
    actions   = ["iam:CreateAccessKey"]
    resources = ["arn:aws:iam::*:user/*"]
  }

  statement {
    sid       = "KeytendCreateUsersTags"
    actions   = ["iam:TagUser", "iam:UntagUser"]
    resources = ["arn:aws:iam::*:user/*"]

    condition {
      test     = "ForAllValues:StringLike"
      variable = "aws:TagKeys"
      values   = ["keytend:claim", "AKIA*"]
    }
  }
}

data "aws_iam_policy_document" "trust_create" {
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

resource "aws_iam_role" "create" {
  name               = "keytend-create"
  assume_role_policy = data.aws_iam_policy_document.trust_create.json
}

resource "aws_iam_policy" "create" {
  name   = "keytend-create"
  policy = data.aws_iam_policy_document.create.json
}

resource "aws_iam_role_policy_attachment" "create" {
  role       = aws_iam_role.create.name
  policy_arn = aws_iam_policy.create.arn
}

data "aws_iam_policy_document" "deactivate" {
  statement {
    sid       = "KeytendDeactivateUsers"
    actions   = ["iam:UpdateAccessKey"]
    resources = ["arn:aws:iam::*:user/*"]
  }
}

data "aws_iam_policy_document" "trust_deactivate" {
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

resource "aws_iam_role" "deactivate" {
  name               = "keytend-deactivate"
  assume_role_policy = data.aws_iam_policy_document.trust_deactivate.json
}

resource "aws_iam_policy" "deactivate" {
  name   = "keytend-deactivate"
  policy = data.aws_iam_policy_document.deactivate.json
}

resource "aws_iam_role_policy_attachment" "deactivate" {
  role       = aws_iam_role.deactivate.name
  policy_arn = aws_iam_policy.deactivate.arn
}

data "aws_iam_policy_document" "delete" {
  statement {
    sid       = "KeytendDeleteUsers"
    actions   = ["iam:DeleteAccessKey"]
    resources = ["arn:aws:iam::*:user/*"]
  }
}

data "aws_iam_policy_document" "trust_delete" {
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

resource "aws_iam_role" "delete" {
  name               = "keytend-delete"
  assume_role_policy = data.aws_iam_policy_document.trust_delete.json
}

resource "aws_iam_policy" "delete" {
  name   = "keytend-delete"
  policy = data.aws_iam_policy_document.delete.json
}

resource "aws_iam_role_policy_attachment" "delete" {
  role       = aws_iam_role.delete.name
  policy_arn = aws_iam_policy.delete.arn
}
