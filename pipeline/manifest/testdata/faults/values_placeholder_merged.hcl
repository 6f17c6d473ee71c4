bundle {
  name = "payments"
}

environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
  values     = merge({ domain = "example.com" }, { "a b" = ["x", { host = "..." }] })
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB" {
    parameter = "/${environment.values["a b"][1].host}/x"
  }
}
