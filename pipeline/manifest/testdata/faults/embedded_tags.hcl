bundle {
  name = "payments"
}

environment "local" {
  embedded = "parameters.json"
  tags = { team = "payments" }
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
