bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "héllo" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
