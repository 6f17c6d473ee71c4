import { getSecret } from "bundle-secrets";

export async function databaseURL(): Promise<string> {
  return `postgres://app:${encodeURIComponent(await getSecret("DB_PASSWORD"))}@db.example.com/app`;
}
