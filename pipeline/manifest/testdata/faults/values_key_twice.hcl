bundle {
  name = "payments"
}

environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
  values = {
    domain   = "example.com"
    "domain" = "example.org"
  }
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB" {
    parameter = "/payments/${environment.values.domain}"
  }
}
