bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    secretsmanager = "payments/db"
    version_stage  = 7
  }
}
