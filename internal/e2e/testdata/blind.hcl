# A blind function: what e2e-aws.sh builds.
variable "name" { description = "what all names begin with" }
variable "account" {}
variable "region" {}

bundle {
  name  = var.name
  layer = var.name
}

environment "e2e" {
  account_id     = var.account
  regions        = [var.region]
  parameter_keys = ["alias/${var.name}-store"]
}

function "blind" {
  kms_key = "alias/${var.name}-blind"
  blind   = true

  secret "OWN" { parameter = "/${var.name}/own" }
  parameters {
    path      = "/${var.name}/tree"
    recursive = true
    prefix    = "TREE_"
  }
}
