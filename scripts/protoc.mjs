// Runs the pinned protoc of this project's dev dependencies, without a shell and without npx.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const protoFolder = join(root, 'proto');

/** The .proto files below a folder, relative, with forward slashes, sorted. */
export function protoFilesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.proto'))
    .sort();
}

export function runProtoc(args) {
  const protoc = createRequire(import.meta.url).resolve('protoc/protoc.cjs');
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [protoc, ...args], {
    encoding: 'utf8',
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`protoc failed:\n${stderr}${stdout}`);
}
