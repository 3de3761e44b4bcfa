# Aws login takes the place of the keys of billing in account 123456789012: person at a command line.
# Its rights are those seen used from 2026-08-25 to 2026-11-23 that the user has now, and no others.
# Data events are not in it: reads and writes of S3 objects, DynamoDB items, SQS and SNS messages, Lambda invocations. Where the program does such things, add their actions yourself, as narrow as the user's are now.
# What happens less often than the window is long (yearly jobs, recovery) is not in it either.
# No event names on what these were called, so that the user's own resources stand, * among them: ec2:DescribeInstances sqs:ListQueues. Narrow them to what the program needs.
resource "aws_iam_user_policy_attachment" "billing_role" {
  user       = "billing"
  policy_arn = "arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess"
}
