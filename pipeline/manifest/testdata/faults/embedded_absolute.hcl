bundle {
  name = "payments"
}

environment "local" {
  embedded = "/etc/seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
