const { reset, setSecrets } = require("bundle-secrets/testing");
const { databaseURL } = require("./database.js");

afterEach(reset);

test("the password is part of the address", async () => {
  setSecrets({ DB_PASSWORD: "not/real" });
  expect(await databaseURL()).toBe("postgres://app:not%2Freal@db.example.com/app");
});

test("a missing secret is an error", async () => {
  setSecrets({ OTHER: "x" });
  await expect(databaseURL()).rejects.toMatchObject({ name: "SecretsError", code: "secret_not_found" });
});
