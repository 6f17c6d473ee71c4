bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
  blind    = "true"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
