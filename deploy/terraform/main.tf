data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.id
  arn     = "arn:${data.aws_partition.current.partition}"

  has_function  = var.package != null
  function_name = "${var.name}-rotation"
  function_arn  = one(aws_lambda_function.rotation[*].arn)

  # What the function may touch. A secret's ARN ends in six characters that
  # Secrets Manager chooses.
  secret_arns = concat(
    [for s in values(var.secrets) : s.arn],
    [for p in var.secret_patterns : "${local.arn}:secretsmanager:${local.region}:${local.account}:secret:${p}${endswith(p, "*") ? "" : "-??????"}"],
  )
  user_arns = ["${local.arn}:iam::${local.account}:user${var.user_path}*"]
  self_arns = ["${local.arn}:iam::${local.account}:role/${local.function_name}"]

  # Who is told.
  topic_arn = var.topic == null ? one(aws_sns_topic.alerts[*].arn) : var.topic.arn
}
