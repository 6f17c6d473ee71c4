# Team checkout: 10 functions.

function "cart-get" { include = ["common", "database", "sessions"] }

function "cart-put" { include = ["common", "database", "sessions"] }

function "cart-merge" { include = ["common", "database", "sessions"] }

function "cart-expire" { include = ["common", "database"] }

function "checkout-start" { include = ["common", "database", "sessions", "payments"] }

function "checkout-confirm" { include = ["common", "database", "sessions", "payments"] }

function "checkout-cancel" { include = ["common", "database", "sessions", "payments"] }

function "payment-webhook" {
  include = ["common", "database", "payments"]

  secret "STRIPE_SIGNING_SECRET" { parameter = "${local.root}/stripe/signing-secret" }
}

function "payment-refund" { include = ["common", "database", "payments"] }

function "payment-reconcile" {
  include = ["common", "database", "payments"]

  secret "BANK_SFTP_KEY" {
    parameter    = "${local.root}/bank/sftp-key"
    environments = ["staging", "prod"] # the bank issues keys only for these
  }
}
