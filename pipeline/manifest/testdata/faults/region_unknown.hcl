bundle {
  name  = "payments"
  layer = "payments"
}
environment "one" {
  account_id = "222222222222"
  regions    = ["us-west-2", "us-wset-2"]
}
function "api" {
  kms_key = "alias/api"
  secret "DB_PASSWORD" { parameter = "/payments/db/password" }
}
