bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"
  memory = "128"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
