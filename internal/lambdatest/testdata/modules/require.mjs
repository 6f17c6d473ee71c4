// A function that is an ES module, and requires the helper.
import { createRequire } from "node:module";

const { getSecret } = createRequire(import.meta.url)("bundle-secrets");

export const handler = async () => (await getSecret("DB_PASSWORD")).length;
