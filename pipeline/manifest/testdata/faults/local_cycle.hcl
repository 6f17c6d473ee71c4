bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

locals {
  a = local.b
  b = "${local.c}/x"
  c = upper(local.a)
}

function "hello" {
  kms_key = "alias/${local.a}"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
