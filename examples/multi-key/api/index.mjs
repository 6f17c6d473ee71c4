// Asks for its secrets by name, with the package in the layer.
import { createHmac } from "node:crypto";
import { getSecret } from "bundle-secrets";

export async function handler(event) {
  const { user } = JSON.parse(event.body ?? "{}");
  if (typeof user !== "string" || (await connect("api", await getSecret("DB_PASSWORD"))) !== "connected") {
    return { statusCode: 400, body: "" };
  }
  const session = createHmac("sha256", await getSecret("SESSION_KEY")).update(user).digest("base64url");
  return { statusCode: 200, headers: { "set-cookie": `session=${user}.${session}; HttpOnly; Secure; SameSite=Strict` }, body: "" };
}

// Stands for a driver of a database.
async function connect(user, password) {
  return user && password ? "connected" : "refused";
}
