bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
  role     = "arn:aws:iam::222222222222:role/x"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
