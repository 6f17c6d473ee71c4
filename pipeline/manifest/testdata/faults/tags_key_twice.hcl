bundle {
  name = "payments"
}

environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
  role       = "arn:aws:iam::222222222222:role/build"
  tags = {
    team     = "example.com"
    (lower("TEAM")) = "example.org"
  }
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB" {
    parameter = "/payments/db"
  }
}
