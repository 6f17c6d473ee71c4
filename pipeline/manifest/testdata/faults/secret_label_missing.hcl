bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  secret {
    parameter = "/payments/db"
  }
  secret "X1" {
    parameter = "/payments/x"
  }
}
