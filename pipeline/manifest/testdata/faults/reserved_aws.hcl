bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  secret "AWS_SECRET_ACCESS_KEY" {
    parameter = "/payments/db"
    allow_reserved = true
  }
}
