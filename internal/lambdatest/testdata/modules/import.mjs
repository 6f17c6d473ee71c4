// A function that is an ES module, and imports the helper by its name.
import { getSecret } from "bundle-secrets";

export const handler = async () => (await getSecret("DB_PASSWORD")).length;
