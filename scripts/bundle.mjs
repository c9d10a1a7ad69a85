#!/usr/bin/env node
// Writes dist/, the JavaScript that the package contains: one file for each entry and the chunks that they share.
// `tsc -b src` must have run.
//
// An import then opens a few files instead of some 300. Entries that share chunks share the package's classes and
// registries. Nothing is minified: stack traces name the functions, so no source maps are needed.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = join(root, 'build/src');
const output = join(root, 'dist');

const entries = { index: 'index.js', proto: 'raw/index.js', testing: 'testing/index.js', cli: 'cli/main.js' };

/**
 * The dependency that becomes part of the bundle: loading its 30 files takes longer than loading all of this package.
 * It remains a dependency, because declarations of `./proto` use its types.
 */
const inlined = '@bufbuild/protobuf';

const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const installed = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => name !== inlined);

/** `./proto` needs only the first chunk, and so does not load grpc-js. */
const chunks = [
  { name: 'messages', test: /\/build\/src\/gen\/etcd\// },
  { name: 'main', test: /\/build\/src\/(?!cli\/|testing\/|raw\/|gen\/)/ },
];

const bundle = await rolldown({
  input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(compiled, file)])),
  platform: 'node',
  external: [/^node:/, ...installed.map((name) => new RegExp(`^${name}(/|$)`))],
  plugins: [{ name: 'licences', transform: { filter: { id: /\/node_modules\// }, handler: keepLicence } }],
  onLog(_level, log) {
    throw new Error(log.message);
  },
});
rmSync(output, { recursive: true, force: true });
await bundle.write({
  dir: output,
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name].js',
  codeSplitting: { groups: chunks },
  comments: { legal: true, annotation: true, jsdoc: false },
});
await bundle.close();

/** Its authors' notice is in line comments, which the bundler drops. */
function keepLicence(code) {
  return code.replace(/^(\/\/.*\n)+/, (lines) => `/*!\n${lines.replace(/^\/\/ ?/gm, ' * ')} */\n`);
}
