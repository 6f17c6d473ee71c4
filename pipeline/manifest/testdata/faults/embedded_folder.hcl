bundle {
  name = "payments"
}

environment "local" {
  embedded = "."
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
