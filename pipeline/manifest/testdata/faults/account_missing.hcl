bundle {
  name = "payments"
}

environment "prod" {
  regions = ["us-west-2"]
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
