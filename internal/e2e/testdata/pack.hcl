# A packed function with a parameter of every kind: what e2e-aws.sh builds.
variable "name" { description = "what all names begin with" }
variable "account" {}
variable "region" {}

bundle {
  name  = var.name
  layer = var.name
}

environment "e2e" {
  account_id = var.account
  regions    = [var.region]
}

# For an AWS whose replies do not say which version or label was asked for.
environment "without-versions" {
  account_id = var.account
  regions    = [var.region]
}

function "packed" {
  kms_key = "alias/${var.name}-packed"

  secret "PLAIN" { parameter = "/${var.name}/plain" }
  secret "LIST" { parameter = "/${var.name}/list" }
  secret "MANAGED" { parameter = "/${var.name}/managed" }
  secret "OWN" { parameter = "/${var.name}/own" }
  secret "LARGE" { parameter = "/${var.name}/large" }
  secret "FIELD" {
    parameter = "/${var.name}/json"
    field     = "live.key"
  }
  secret "BYTES" {
    parameter = "/${var.name}/bytes"
    encoding  = "base64"
  }
  secret "PINNED" {
    parameter    = "/${var.name}/pinned:1"
    environments = ["e2e"]
  }
  secret "LABELLED" {
    parameter    = "/${var.name}/pinned:stable"
    environments = ["e2e"]
  }
  secret "ABSENT" {
    parameter = "/${var.name}/absent"
    optional  = true
  }
  parameters {
    path      = "/${var.name}/tree"
    recursive = true
    prefix    = "TREE_"
  }
}
