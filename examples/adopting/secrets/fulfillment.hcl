# Team fulfillment: 9 functions.

function "order-get" { include = ["common", "database", "sessions"] }

function "order-list" { include = ["common", "database", "sessions"] }

function "order-place" { include = ["common", "database"] }

function "order-export" {
  include = ["common", "database"]

  secret "WAREHOUSE_TOKEN" { parameter = "${local.root}/warehouse/token" }
}

function "stock-get" { include = ["common", "database"] }

function "stock-sync" {
  include = ["common", "database"]

  secret "WAREHOUSE_TOKEN" { parameter = "${local.root}/warehouse/token" }
}

function "shipment-create" {
  include = ["common", "database"]

  secret "CARRIER_USER" { parameter = "${local.root}/carrier/user" }
  secret "CARRIER_PASSWORD" { parameter = "${local.root}/carrier/password" }
}

function "shipment-track" {
  secret "CARRIER_USER" { parameter = "${local.root}/carrier/user" }
  secret "CARRIER_PASSWORD" { parameter = "${local.root}/carrier/password" }
}

function "return-create" { include = ["common", "database", "sessions", "payments"] }
