bundle {
  name  = "payments"
  layer = "payments"
}
environment "several" {
  account_id = "222222222222"
  regions    = ["xx-nowhere-9", "us-east-1", "yy-nowhere-9"]
}
function "api" {
  kms_key = "alias/api"
  secret "DB_PASSWORD" { parameter = "/payments/db/password" }
}
