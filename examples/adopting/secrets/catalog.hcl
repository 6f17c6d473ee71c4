# Team catalog: 9 functions.

function "product-get" { include = ["common", "database"] }

function "product-list" { include = ["common", "database"] }

function "product-put" { include = ["common", "database", "sessions"] }

function "product-import" {
  include = ["common", "database"]

  # One token for each supplier. A new supplier is a new parameter: the next plan shows it.
  parameters {
    path   = "${local.root}/suppliers/"
    prefix = "SUPPLIER_"
  }
}

function "price-get" { include = ["common", "database"] }

function "price-put" { include = ["common", "database", "sessions"] }

function "search-index" {
  secret "SEARCH_ADMIN_KEY" { parameter = "${local.root}/search/admin-key" }
}

function "search-query" {
  secret "SEARCH_QUERY_KEY" { parameter = "${local.root}/search/query-key" }
}

function "image-resize" {
  secret "IMAGE_SIGNING_KEY" { parameter = "${local.root}/images/signing-key" }
}
