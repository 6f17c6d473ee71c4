bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
  blind    = var.strict
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
