bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

locals {
  paths = [{ db = "/payments/db", mail = "/payments/mail", db = "/payments/other" }]
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB" {
    parameter = local.paths[0].db
  }
}
