const { getSecret } = require("bundle-secrets");

exports.databaseURL = async () => `postgres://app:${encodeURIComponent(await getSecret("DB_PASSWORD"))}@db.example.com/app`;
