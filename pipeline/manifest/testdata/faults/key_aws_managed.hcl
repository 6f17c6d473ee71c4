bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/aws/ssm"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
