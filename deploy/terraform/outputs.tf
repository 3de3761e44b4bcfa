output "function_arn" {
  description = "ARN of the rotation function, which `keytend secret adopt --function` takes; null without a function."
  value       = local.function_arn
}

output "function_role_arn" {
  description = "ARN of the role that the function runs as; null without a function."
  value       = one(aws_iam_role.rotation[*].arn)
}

output "log_group" {
  description = "Name of the function's log group; null without a function."
  value       = one(aws_cloudwatch_log_group.rotation[*].name)
}

output "topic_arn" {
  description = "ARN of the topic that is told of alarms and failed rotations."
  value       = local.topic_arn
}

output "config_rule_names" {
  description = "Names of the AWS Config rules."
  value       = [for key in keys(local.config_rules) : "${var.name}-${key}"]
}

output "member_role_arn" {
  description = "ARN of the role that Keytend enters this account by; null without one."
  value       = one(module.member_role[*].role_arn)
}
