bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  secret "AWS_PROFILE" {
    parameter = "/payments/db"
    allow_reserved = false
  }
}
