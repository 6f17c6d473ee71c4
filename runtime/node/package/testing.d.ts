/**
 * Replaces all secrets in this thread: until `reset`, the functions of `bundle-secrets` return these and call nothing. A
 * `Uint8Array` stands for a secret with `encoding = "base64"`. For tests only: in a Lambda function, it throws an `Error`.
 * A name or value that no secret can have is a `TypeError`.
 */
export function setSecrets(secrets: Readonly<Record<string, string | Uint8Array>>): void;

/** Removes the secrets of `setSecrets`. Afterwards, the functions of `bundle-secrets` open the layer again. */
export function reset(): void;
