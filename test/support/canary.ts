import { appendFileSync } from 'node:fs';

/**
 * The prefix of every password and token in the tests. The test runner searches all output for it, and for every
 * private key in use, and fails if it finds one.
 */
export const canary = 'cAnArY-5e1f';

/** The file for secrets, set by the runner; without it, the output is not searched. */
const listFile = process.env['CANARY_SECRETS'];
const registered = new Set<string>();

/**
 * A password or token for tests, registered with the runner: `cAnArY-5e1f-<name>`. The same name gives the same secret.
 * Contains only characters that are valid in a header and in a URL.
 */
export function secretOf(name: string): string {
  const secret = `${canary}-${name.replace(/\W+/g, '-')}`;
  registerSecret(secret);
  return secret;
}

/**
 * Registers a secret with the runner: a text, of which each line counts (an output may use any line ending), or private
 * keys in PEM, of which each line of the body counts.
 */
export function registerSecret(text: string): void {
  for (const secret of partsOf(text)) {
    if (registered.has(secret)) continue;
    registered.add(secret);
    if (listFile) appendFileSync(listFile, `${JSON.stringify(secret)}\n`);
  }
}

/** Every registered secret of this process, for tests that search output themselves. */
export function secretsInUse(): readonly string[] {
  return [...registered];
}

const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----([^-]+)-----END/g;

function partsOf(text: string): string[] {
  const bodies = [...text.matchAll(privateKey)].map(([, body = '']) => body);
  if (bodies.length === 0) return text.split(/[\r\n]+/).filter((line) => line.length >= 8);
  // A short last line may be padding; every other line contains part of the key.
  return bodies.flatMap((body) => body.split(/\s+/).filter((line) => line.length >= 16));
}

registerSecret(canary);
