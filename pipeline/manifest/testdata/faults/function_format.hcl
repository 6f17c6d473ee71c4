bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"
  deployed_as = format("%200000000s", "x")

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
