bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
  regions  = ["eu-central-1", "eu-west-1"]
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
