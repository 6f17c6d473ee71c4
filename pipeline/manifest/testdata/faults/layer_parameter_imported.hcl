bundle {
  name            = "payments"
  layer           = "payments-${environment.name}"
  layer_parameter = "/payments/app/layer"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  parameters {
    path = "/payments/app"
  }
}
