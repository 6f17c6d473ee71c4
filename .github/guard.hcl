# What secrets.hcl can ask for: docs/guard.md. CODEOWNERS gives this file to owners other than the manifest's. bundle init --guard prints
# a guard file for your manifest.

allow {
  environments = ["local"]
  accounts     = ["000000000000"]
  regions      = ["us-east-1"]
  bundles      = ["payments"]
  functions    = ["hello"]
  keys         = ["alias/local-hello"]
  parameters = [
    "/local/payments/ca-bundle",
    "/local/payments/db/password",
    "/local/payments/feature-flags",
    "/local/payments/log-token",
    "/local/payments/signing-key",
    "/local/payments/stripe",
    "/local/payments/tls-key",
  ]
  layers      = ["payments-local"]
  deployed_as = ["payments-local-hello"]
}

allow {
  environments = ["local"]
  accounts     = ["000000000000"]
  regions      = ["us-east-1"]
  bundles      = ["payments"]
  functions    = ["worker"]
  keys         = ["alias/local-worker"]
  parameters   = ["/local/payments/log-token", "/local/payments/queue-token", "/local/payments/worker/"]
  secrets      = ["local/payments/reports-db"]
  layers       = ["payments-local"]
  deployed_as  = ["payments-local-worker"]
}

allow {
  environments = ["dev"]
  accounts     = ["111111111111"]
  regions      = ["us-west-2"]
  bundles      = ["payments"]
  functions    = ["hello"]
  keys         = ["alias/dev-hello"]
  parameters = [
    "/dev/payments/ca-bundle",
    "/dev/payments/db/password",
    "/dev/payments/feature-flags",
    "/dev/payments/log-token",
    "/dev/payments/signing-key",
    "/dev/payments/stripe",
    "/dev/payments/tls-key",
  ]
  layers      = ["payments-dev"]
  deployed_as = ["payments-dev-hello"]
}

allow {
  environments = ["dev"]
  accounts     = ["111111111111"]
  regions      = ["us-west-2"]
  bundles      = ["payments"]
  functions    = ["worker"]
  keys         = ["alias/dev-worker"]
  parameters   = ["/dev/payments/log-token", "/dev/payments/queue-token", "/dev/payments/worker/"]
  secrets      = ["dev/payments/reports-db"]
  layers       = ["payments-dev"]
  deployed_as  = ["payments-dev-worker"]
}

allow {
  environments = ["prod"]
  accounts     = ["222222222222"]
  regions      = ["us-west-2"]
  bundles      = ["payments"]
  functions    = ["hello"]
  keys         = ["alias/prod-hello"]
  parameters = [
    "/prod/payments/ca-bundle",
    "/prod/payments/db/password",
    "/prod/payments/feature-flags",
    "/prod/payments/log-token",
    "/prod/payments/signing-key",
    "/prod/payments/stripe",
    "/prod/payments/tls-key",
  ]
  layers      = ["payments-prod"]
  deployed_as = ["payments-prod-hello"]
}

allow {
  environments = ["prod"]
  accounts     = ["222222222222"]
  regions      = ["us-west-2"]
  bundles      = ["payments"]
  functions    = ["worker"]
  keys         = ["alias/prod-worker"]
  parameters   = ["/prod/payments/log-token", "/prod/payments/queue-token", "/prod/payments/worker/"]
  secrets      = ["prod/payments/reports-db"]
  layers       = ["payments-prod"]
  deployed_as  = ["payments-prod-worker"]
}
