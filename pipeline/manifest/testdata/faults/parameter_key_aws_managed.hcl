bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
  parameter_keys = ["alias/aws/ssm"]
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
