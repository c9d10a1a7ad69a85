import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as entry from '@org/etcd-naming';
import * as testing from '@org/etcd-naming/testing';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const dist = join(root, 'dist');

describe('the bundled package', () => {
  it('has one copy of each class for all entries', async () => {
    const error = await testing.startEtcd({ source: 'nowhere' as never }).catch((thrown: Error) => thrown);
    assert.ok(error instanceof Error);
    // Not instanceof, which accepts the class of another copy.
    assert.equal(error.constructor, entry.InvalidInputError);
  });

  it('has one copy of each class for import and require', () => {
    const required = createRequire(import.meta.url)('@org/etcd-naming') as typeof entry;
    for (const [name, value] of Object.entries(entry))
      assert.equal(required[name as keyof typeof entry], value, name);
  });

  it('keeps the names of classes and functions', () => {
    for (const [name, value] of Object.entries(entry))
      if (typeof value === 'function') assert.equal(value.name, name);
  });

  it('loads for an entry what the entry needs', () => {
    assert.deepEqual(loadedBy('index.js'), ['chunks/main.js', 'chunks/messages.js', 'index.js']);
    assert.deepEqual(loadedBy('testing.js'), ['chunks/main.js', 'chunks/messages.js', 'testing.js']);
    assert.deepEqual(loadedBy('proto.js'), ['chunks/messages.js', 'proto.js']);
    assert.deepEqual(loadedBy('cli.js'), ['cli.js']);
  });

  it('does not load grpc-js for the protocol', () => {
    const program = `import '@org/etcd-naming/proto'; import { createRequire } from 'node:module';
      console.log(Object.keys(createRequire('/').cache).length);`;
    const args = ['--input-type=module', '--eval', program];
    assert.equal(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }), '0\n');
  });

  it('imports only packages that it declares, and contains the licences of the one that it includes', () => {
    const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.js'),
    );
    const imported = new Set(files.flatMap((file) => packagesIn(readFileSync(join(dist, file), 'utf8'))));
    assert.deepEqual([...imported].sort(), Object.keys(peerDependencies).sort());
    const messages = readFileSync(join(dist, 'chunks/messages.js'), 'utf8');
    assert.match(messages, /Copyright \d+-\d+ Buf Technologies/);
    assert.match(messages, /Copyright 2008 Google Inc\./);
  });
});

/** The files that importing one loads, itself included. */
function loadedBy(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  for (const specifier of staticImports(readFileSync(join(dist, file), 'utf8')))
    if (specifier.startsWith('.')) loadedBy(join(dirname(file), specifier), seen);
  return [...seen].sort();
}

function staticImports(code: string): string[] {
  return [...code.matchAll(/^(?:import|export)\b[^;]*?"([^"\n]+)";/gm)].map(
    ([, specifier = '']) => specifier,
  );
}

/** The names of other packages that it imports, at once or later. */
function packagesIn(code: string): string[] {
  const later = [...code.matchAll(/\bimport\("([^"]+)"\)/g)].map(([, specifier = '']) => specifier);
  return [...staticImports(code), ...later]
    .filter((specifier) => !/^(\.|node:)/.test(specifier))
    .map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
}
