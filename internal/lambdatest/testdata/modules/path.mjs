// A function that is an ES module, and imports the helper by its path.
import { getSecret } from "/opt/nodejs/node_modules/bundle-secrets/index.cjs";

export const handler = async () => (await getSecret("DB_PASSWORD")).length;
