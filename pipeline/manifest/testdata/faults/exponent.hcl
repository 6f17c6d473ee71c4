bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
  values   = { limit = 1e999999999 }
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
