bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

locals {
  a = "x"
}

function "hello" {
  kms_key = "alias/${keys(local)[0]}"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
