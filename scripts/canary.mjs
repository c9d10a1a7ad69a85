#!/usr/bin/env node
// node scripts/canary.mjs <secrets> <output>: fails if one of the secrets (a JSON string per line) occurs in the
// output.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The encodings in which a secret may occur: plain, inside base64, hexadecimal, and as Node prints a Buffer. */
export function spellings(secret) {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const all = [secret, hex, hex.toUpperCase(), hex.replace(/../g, '$& ').trim()];
  // Three bytes become four letters, so the encoding depends on the offset; letters at the edges mix with neighbouring
  // bytes.
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    all.push(text.slice(before === 0 ? 0 : before + 1, -1));
  }
  return all.filter((text) => text.length >= 8);
}

/** The indexes of the secrets that occur in the text. */
export function seen(secrets, text) {
  return secrets.flatMap((secret, i) => (spellings(secret).some((one) => text.includes(one)) ? [i] : []));
}

/** The secrets that the tests registered, one JSON string per line. */
export function readSecrets(file) {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return [...new Set(lines.map((line) => JSON.parse(line)))];
}

/** The private keys in a folder of the repository, line by line. */
export function keysIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.key'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split(/\s+/))
    .filter((line) => /^[A-Za-z0-9+/=]{16,}$/.test(line));
}

/** Prints one line; returns whether the output is clean. */
export function report(secrets, output) {
  const leaked = seen(secrets, output.toString('utf8'));
  const size = `${(output.length / 1e6).toFixed(2)} MB of output`;
  if (leaked.length === 0) {
    console.log(`canary: ${secrets.length} secrets, 0 seen in ${size}`);
    return true;
  }
  const where = leaked.map((i) => /^cAnArY-\w+-([\w-]+)$/.exec(secrets[i])?.[1] ?? `secret ${i}`);
  console.log(
    `FAILED: canary: ${secrets.length} secrets, ${leaked.length} seen in ${size}: ${where.join(', ')}`,
  );
  return false;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [secrets, output] = process.argv.slice(2);
  process.exitCode = report(readSecrets(secrets), readFileSync(output)) ? 0 : 1;
}
