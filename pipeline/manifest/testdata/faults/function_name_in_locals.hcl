bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

locals {
  root = "/${function.name}"
  copy = "${local.root}/x"
}

function "hello" {
  kms_key = "alias/hello${local.root}"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
