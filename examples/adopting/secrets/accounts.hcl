# Team accounts: 12 functions.

function "login" {
  include = ["common", "database", "sessions"]

  secret "CAPTCHA_SECRET" { parameter = "${local.root}/captcha/secret" }
}

function "logout" { include = ["common", "sessions"] }

function "register" {
  include = ["common", "database", "sessions", "mail"]

  secret "CAPTCHA_SECRET" { parameter = "${local.root}/captcha/secret" }
}

function "password-reset" { include = ["common", "database", "mail"] }

function "oauth-callback" {
  include = ["common", "database", "sessions"]

  secret "GOOGLE_CLIENT_SECRET" { parameter = "${local.root}/oauth/google" }
  secret "APPLE_CLIENT_SECRET" { parameter = "${local.root}/oauth/apple" }
}

# Signs the tokens that the other functions check with the public key. A label says which key is in use.
function "token-issue" {
  secret "TOKEN_SIGNING_KEY" { parameter = "${local.root}/token/signing-key:current" }
}

function "profile-get" { include = ["common", "database", "sessions"] }

function "profile-put" { include = ["common", "database", "sessions"] }

function "profile-erase" { include = ["common", "database", "mail"] }

function "mail-send" { include = ["common", "mail"] }

function "sms-send" {
  secret "SMS_TOKEN" { parameter = "${local.root}/sms/token" }
}

function "report-daily" {
  include = ["common", "database", "mail"]

  secret "WAREHOUSE_TOKEN" {
    parameter = "${local.root}/reporting/token"
    optional  = true
  }
}
