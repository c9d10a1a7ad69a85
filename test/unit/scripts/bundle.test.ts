import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
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
    assert.deepEqual(loadedBy('index.js'), ['chunks/main.js', 'index.js']);
    assert.deepEqual(loadedBy('testing.js'), ['chunks/main.js', 'testing.js']);
    assert.deepEqual(loadedBy('codecs.js'), ['chunks/main.js', 'codecs.js']);
    assert.deepEqual(loadedBy('otel.js'), ['otel.js']);
    assert.deepEqual(loadedBy('proto.js'), ['proto.js']);
    assert.deepEqual(loadedBy('cli.js'), ['cli.js']);
  });

  it('loads only the messages that the client sends or receives', () => {
    const main = readFileSync(join(dist, 'chunks/main.js'), 'utf8');
    assert.match(main, /\bLeaseGrantRequest\b/);
    assert.doesNotMatch(main, /\bKVService\b|\bAuthUserAddRequest\b|\bRangeResponse\b|\bKVServer\b/);
  });

  it('does not load grpc-js for the protocol', () => {
    const program = `import '@org/etcd-naming/proto'; import { createRequire } from 'node:module';
      console.log(Object.keys(createRequire('/').cache).length);`;
    const args = ['--input-type=module', '--eval', program];
    assert.equal(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }), '0\n');
  });

  it('loads fast: has no import of a built-in module, and only ASCII characters', () => {
    for (const [file, code] of Object.entries(bundled())) {
      assert.deepEqual(
        staticImports(code).filter((specifier) => specifier.startsWith('node:')),
        [],
        file,
      );
      assert.match(code, /^\p{ASCII}*$/u, file);
    }
  });

  it('does not load node:cluster before a registration', () => {
    const program = `import '@org/etcd-naming'; console.log(process.moduleLoadList.includes('NativeModule cluster'));`;
    const args = ['--input-type=module', '--eval', program];
    assert.equal(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }), 'false\n');
  });

  it('imports only packages that it declares, and contains the licences of the one that it includes', () => {
    const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const imported = new Set(Object.values(bundled()).flatMap(packagesIn));
    assert.deepEqual([...imported].sort(), Object.keys(peerDependencies).sort());
    for (const file of ['chunks/main.js', 'proto.js']) {
      const code = readFileSync(join(dist, file), 'utf8');
      assert.match(code, /Copyright \d+-\d+ Buf Technologies/, file);
      assert.match(code, /Copyright 2008 Google Inc\./, file);
    }
  });

  it('has a page whose code takes at most 40 kB when it is compressed', () => {
    const { length } = gzipSync(readFileSync(join(dist, 'ui/app.js')), { level: 9 });
    assert.ok(length <= 40_000, `${length} bytes`);
  });

  it('has the notice of each package whose code the page contains', () => {
    const notice = readFileSync(join(root, 'NOTICE'), 'utf8');
    const { modules } = JSON.parse(readFileSync(join(root, 'scripts/modules.json'), 'utf8')) as {
      readonly modules: Readonly<Record<string, { readonly packages?: readonly string[] }>>;
    };
    const specifiers = modules['src/cli/ui/browser']?.packages ?? [];
    assert.ok(specifiers.includes('preact'));
    for (const specifier of specifiers) {
      const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
      const manifest = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
      const { repository } = JSON.parse(manifest) as { readonly repository: { readonly url: string } };
      const address = repository.url.replace(/^git\+|\.git$/g, '');
      assert.ok(notice.includes(`(${address})`), `${name}: ${address}`);
    }
  });
});

/** The code of each file. */
function bundled(): Readonly<Record<string, string>> {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.js'),
  );
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(dist, file), 'utf8')]));
}

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
