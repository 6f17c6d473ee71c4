bundle {
  name = "payments"
}

environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
  role       = "arn:aws:iam::222222222222:role/build"
  tags = {
    tag0 = "x"
    tag1 = "x"
    tag2 = "x"
    tag3 = "x"
    tag4 = "x"
    tag5 = "x"
    tag6 = "x"
    tag7 = "x"
    tag8 = "x"
    tag9 = "x"
    tag10 = "x"
    tag11 = "x"
    tag12 = "x"
    tag13 = "x"
    tag14 = "x"
    tag15 = "x"
    tag16 = "x"
    tag17 = "x"
    tag18 = "x"
    tag19 = "x"
    tag20 = "x"
    tag21 = "x"
    tag22 = "x"
    tag23 = "x"
    tag24 = "x"
    tag25 = "x"
    tag26 = "x"
    tag27 = "x"
    tag28 = "x"
    tag29 = "x"
    tag30 = "x"
    tag31 = "x"
    tag32 = "x"
    tag33 = "x"
    tag34 = "x"
    tag35 = "x"
    tag36 = "x"
    tag37 = "x"
    tag38 = "x"
    tag39 = "x"
    tag40 = "x"
    tag41 = "x"
    tag42 = "x"
    tag43 = "x"
    tag44 = "x"
    tag45 = "x"
    tag46 = "x"
    tag47 = "x"
    tag48 = "x"
    tag49 = "x"
    tag50 = "x"
  }
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
