bundle {
  name            = "payments"
  layer           = "payments-${environment.name}"
  layer_parameter = "/layers/all:3"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
