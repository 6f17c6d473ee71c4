bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" "world" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
