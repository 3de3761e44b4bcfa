variable "name" {
  description = "Begins the name of everything that is made: keytend makes the function keytend-rotation."
  type        = string
  default     = "keytend"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.name))
    error_message = "Want lower-case letters, digits and hyphens, beginning with a letter, at most 31."
  }
}

variable "tags" {
  description = "Tags of everything that is made and can have tags."
  type        = map(string)
  default     = {}
}

# The function

variable "package" {
  description = "Path of the function's zip, which `keytend terraform package` makes. Null: no function, monitoring alone."
  type        = string
  default     = null
}

variable "architecture" {
  description = "The processor that the binary in the zip is for: arm64 or x86_64."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "Want arm64 or x86_64."
  }
}

variable "policy" {
  description = "The text of keytend.yaml, which the function follows. Empty: the defaults, which AWS recommends."
  type        = string
  default     = ""

  validation {
    condition     = length(var.policy) <= 3500
    error_message = "Want at most 3,500 characters: a function's environment has room for 4 KB in all."
  }
}

variable "timeout" {
  description = "Seconds that one step of a rotation, or one look of the reaper, may take. Making a key takes about four minutes, in which the account is read twice."
  type        = number
  default     = 900

  validation {
    condition     = var.timeout >= 300 && var.timeout <= 900
    error_message = "Want 300 to 900 seconds: making a key takes about four minutes, and Lambda allows 900."
  }
}

variable "memory" {
  description = "Megabytes of memory. The processor's share grows with it, and so does a cold start's speed."
  type        = number
  default     = 256

  validation {
    condition     = var.memory >= 128 && var.memory <= 10240
    error_message = "Want 128 to 10240 megabytes."
  }
}

variable "log_retention_days" {
  description = "Days that the function's log is kept. It is the audit trail of its rotations."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "Want a number of days that CloudWatch Logs takes, and a month at least: 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "log_kms_key_arn" {
  description = "ARN of the KMS key that the log is encrypted with; its policy must admit logs.REGION.amazonaws.com. Null: CloudWatch's own."
  type        = string
  default     = null
}

# What it may touch

variable "secrets" {
  description = "Secrets to rotate, by any name: the secret's ARN, and how often (every_days, or schedule as cron() or rate(), with the window in which it may begin, such as 3h). now rotates it once at apply; otherwise Secrets Manager only has the function test it."
  type = map(object({
    arn        = string
    every_days = optional(number)
    schedule   = optional(string)
    window     = optional(string)
    now        = optional(bool, false)
  }))
  default = {}

  validation {
    condition     = alltrue([for s in values(var.secrets) : can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", s.arn))])
    error_message = "Want the whole ARN of each secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX."
  }

  validation {
    condition     = alltrue([for s in values(var.secrets) : (s.every_days == null) != (s.schedule == null)])
    error_message = "Want every_days or schedule for each secret, and not both."
  }

  validation {
    condition     = alltrue([for s in values(var.secrets) : try(s.every_days >= 1 && s.every_days <= 1000, s.every_days == null)])
    error_message = "Want every_days from 1 to 1000."
  }

  validation {
    condition     = alltrue([for s in values(var.secrets) : can(regex("^(rate|cron)\\(.+\\)$", s.schedule)) || s.schedule == null])
    error_message = "Want schedule as rate(…) or cron(…), such as rate(45 days)."
  }

  validation {
    condition     = alltrue([for s in values(var.secrets) : can(regex("^[1-9][0-9]?h$", s.window)) || s.window == null])
    error_message = "Want window as hours, such as 3h."
  }
}

variable "secret_patterns" {
  description = "Names or patterns (prod/*) of further secrets that the function may work on: those that `keytend secret create` and `keytend secret adopt` switch on."
  type        = list(string)
  default     = []
}

variable "user_path" {
  description = "The function changes keys of users below this path alone, such as /apps/."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([!-~]*/)?$", var.user_path))
    error_message = "Want a path that begins and ends with a slash, such as /apps/."
  }
}

variable "user_tag" {
  description = "The function changes keys of users with this tag alone. Null: the path decides."
  type = object({
    key   = string
    value = string
  })
  default = null
}

variable "kms_key_arns" {
  description = "ARNs of the KMS keys of one's own that the secrets are encrypted with."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.kms_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", arn))])
    error_message = "Want ARNs of keys, not aliases: arn:aws:kms:REGION:ACCOUNT:key/ID."
  }
}

# When it runs by itself

variable "reap_schedule" {
  description = "When the reaper looks: it switches old keys off when they have been silent, and deletes them after their rest."
  type        = string
  default     = "rate(2 hours)"

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.reap_schedule))
    error_message = "Want rate(…) or cron(…), such as rate(2 hours)."
  }
}

variable "scan" {
  description = "A scan of the account by schedule, its findings in the function's log and its numbers in CloudWatch. Null: none."
  type = object({
    schedule = optional(string, "rate(1 day)")
    args     = optional(list(string), ["scan", "--output", "ndjson"])
  })
  default = null

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.scan.schedule)) || var.scan == null
    error_message = "Want schedule as rate(…) or cron(…), such as rate(1 day)."
  }

  validation {
    condition     = try(var.scan.args[0] == "scan", false) || var.scan == null
    error_message = "Want args to begin with scan: the function's role may read for a scan, and no more."
  }
}

# Monitoring

variable "config_rules" {
  description = "AWS Config's rules on access keys, in this region alone, since IAM is global. They need a configuration recorder here. Null: none."
  type = object({
    max_key_age  = optional(number, 90)
    max_unused   = optional(number, 45)
    frequency    = optional(string, "TwentyFour_Hours")
    organization = optional(bool, false)
    exclude      = optional(list(string), [])
  })
  default = null

  validation {
    condition     = try(var.config_rules.max_key_age >= 1 && var.config_rules.max_unused >= 1, var.config_rules == null)
    error_message = "Want max_key_age and max_unused as days, 1 at least."
  }

  validation {
    condition     = try(contains(["One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours"], var.config_rules.frequency), var.config_rules == null)
    error_message = "Want frequency as One_Hour, Three_Hours, Six_Hours, Twelve_Hours or TwentyFour_Hours."
  }

  validation {
    condition     = try(alltrue([for id in var.config_rules.exclude : can(regex("^[0-9]{12}$", id))]), var.config_rules == null)
    error_message = "Want exclude as account numbers of twelve digits."
  }
}

variable "alarms" {
  description = "CloudWatch alarms on the function's errors and its failed and blocked work; on old keys where var.scan counts them, or metrics_from_elsewhere says that a `keytend scan --cloudwatch` of one's own does. Null: none."
  type = object({
    oldest_key_days        = optional(number, 120)
    metrics_from_elsewhere = optional(bool, false)
  })
  default = {}

  validation {
    condition     = try(var.alarms.oldest_key_days >= 1, var.alarms == null)
    error_message = "Want oldest_key_days as days, 1 at least."
  }
}

variable "mail" {
  description = "Addresses that are told of alarms, failed rotations and Config's verdicts. Each gets a mail by AWS and must confirm it."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for a in var.mail : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", a))])
    error_message = "Want mail addresses."
  }
}

# An object, because Terraform must know that there is one while a topic that the
# same root module makes has no ARN yet.
variable "topic" {
  description = "An SNS topic of one's own to tell, in place of one that is made: its ARN. Its policy must admit cloudwatch.amazonaws.com, and events.amazonaws.com without any condition. Null: one is made."
  type = object({
    arn = string
  })
  default = null

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:.+$", var.topic.arn)) || var.topic == null
    error_message = "Want the ARN of a topic: arn:aws:sns:REGION:ACCOUNT:NAME."
  }
}

# Other accounts

variable "member_role" {
  description = "The role that Keytend enters this account by from another one: who may assume it, and the external ID that must come along. write lets it change keys, not only read. Null: none."
  type = object({
    principal   = string
    external_id = optional(string, "")
    name        = optional(string, "keytend-member")
    write       = optional(bool, false)
  })
  default = null
}
