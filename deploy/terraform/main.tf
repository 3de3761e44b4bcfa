data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  function_name = "${var.name}-rotation"
  has_function  = var.package != null
  function_arn  = one(aws_lambda_function.rotation[*].arn)

  topic_arn = var.topic_arn == null ? one(aws_sns_topic.alerts[*].arn) : var.topic_arn
}
