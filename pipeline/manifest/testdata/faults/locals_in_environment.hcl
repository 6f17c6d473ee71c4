bundle {
  name = "payments"
}

locals {
  seed = "seed.json"
}

environment "local" {
  embedded = local.seed
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
