import { appendFileSync } from 'node:fs';

/**
 * What every password and token of the tests begins with. The test runner looks for it, and for every private
 * key in use, in all that the tests write out, and fails when it finds one.
 */
export const canary = 'cAnArY-5e1f';

/** Named by the runner; without one nobody looks. */
const listFile = process.env['CANARY_SECRETS'];
const registered = new Set<string>();

/**
 * A password or token for tests, told to the runner: `cAnArY-5e1f-<name>`. The same name gives the same secret. Only
 * letters that every place takes: a token travels in a header, and may travel in a URL.
 */
export function secretOf(name: string): string {
  const secret = `${canary}-${name.replace(/\W+/g, '-')}`;
  registerSecret(secret);
  return secret;
}

/**
 * Tells the runner of a secret: a text, of which each line counts (an output may have the line end in any spelling), or
 * private keys in PEM, of which each line of the body does.
 */
export function registerSecret(text: string): void {
  for (const secret of partsOf(text)) {
    if (registered.has(secret)) continue;
    registered.add(secret);
    if (listFile) appendFileSync(listFile, `${JSON.stringify(secret)}\n`);
  }
}

/** Every secret of this process so far, for tests that look for them themselves. */
export function secretsInUse(): readonly string[] {
  return [...registered];
}

const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----([^-]+)-----END/g;

function partsOf(text: string): string[] {
  const bodies = [...text.matchAll(privateKey)].map(([, body = '']) => body);
  if (bodies.length === 0) return text.split(/[\r\n]+/).filter((line) => line.length >= 8);
  // A short last line may be padding alone; every other holds some of the key.
  return bodies.flatMap((body) => body.split(/\s+/).filter((line) => line.length >= 16));
}

registerSecret(canary);
