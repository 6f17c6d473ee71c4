bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  secret "LD_PRELOAD" {
    parameter = "/payments/db"
    allow_reserved = null
  }
}
