/** What went wrong, the same word in every language; docs/runtime.md, section 3, tells what to do. */
export type SecretsErrorCode =
  | "bad_setting"
  | "bundle_not_found"
  | "secret_not_found"
  | "unknown_format"
  | "bad_document"
  | "wrong_function"
  | "wrong_environment"
  | "wrong_key"
  | "wrong_digest"
  | "tampered"
  | "access_denied"
  | "key_unusable"
  | "credentials"
  | "bad_endpoint"
  | "unavailable"
  | "bad_reply"
  | "reserved_variable"
  | "bad_value";

/** Every failure but a name that is no string (a TypeError). No message holds a value. */
export class SecretsError extends Error {
  readonly name: "SecretsError";
  readonly code: SecretsErrorCode;
  constructor(code: SecretsErrorCode, message: string);
}

/** The value of one secret, as text. */
export function getSecret(name: string): Promise<string>;

/** All values by name: a frozen object without a prototype. */
export function getSecrets(): Promise<Readonly<Record<string, string>>>;

/** The value of one secret as bytes, the caller's own copy; decoded where the manifest says `encoding = "base64"`. */
export function getSecretBytes(name: string): Promise<Uint8Array>;

export interface LoadEnvOptions {
  /** Whether to replace variables that exist already. Default: false, they are kept. */
  override?: boolean;
}

/** Makes every value a variable of process.env, or none. */
export function loadEnv(options?: LoadEnvOptions): Promise<void>;
