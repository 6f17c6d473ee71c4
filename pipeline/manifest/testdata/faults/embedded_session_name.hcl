bundle {
  name = "payments"
}

environment "local" {
  embedded = "parameters.json"
  session_name = "bundle"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
