import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { protoFolder } from '#src/raw/index.js';

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

interface Contents {
  checkContents(packed: Packed, manifest: object): void;
}

const manifest = {
  main: './dist/index.js',
  types: './types/index.d.ts',
  bin: { 'etcd-naming': './dist/cli.js' },
  exports: { '.': { types: './types/index.d.ts', default: './dist/index.js' } },
  typesVersions: { '*': { proto: ['./types/proto.d.ts'] } },
};
const complete = [
  'dist/index.js',
  'dist/cli.js',
  'dist/chunks/main.js',
  'types/index.d.ts',
  'types/proto.d.ts',
  'package.json',
  'README.md',
  'CONTRIBUTING.md',
  'RELEASING.md',
  'bench/README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'LICENSE',
  'NOTICE',
  'LICENSES/Apache-2.0.txt',
  'LICENSES/MIT-preact.txt',
  'dist/ui/index.html',
  'dist/ui/app.js',
  'dist/ui/app.css',
];

function packed(paths: readonly string[], { each = 1000, size = 9000 } = {}): Packed {
  return { size, unpackedSize: 9000, files: paths.map((path) => ({ path, size: each })) };
}

describe('the check of the contents of the tarball', () => {
  let check: (files: Packed) => void;
  const log = console.log;

  before(async () => {
    const file = join(protoFolder(), '../tools/package/contents.mjs');
    const contents = (await import(pathToFileURL(file).href)) as Contents;
    check = (files) => contents.checkContents(files, manifest);
    console.log = () => {};
  });

  after(() => {
    console.log = log;
  });

  it('accepts what package.json names, and the documents', () => {
    assert.doesNotThrow(() => check(packed(complete)));
  });

  for (const path of ['dist/cli.js', 'types/proto.d.ts', 'CHANGELOG.md'])
    it(`reports that ${path} is absent`, () => {
      const others = complete.filter((other) => other !== path);
      assert.throws(() => check(packed(others)), { message: `the tarball lacks ${path}` });
    });

  for (const path of [
    'proto/wire.lock',
    'build/src/.tsbuildinfo',
    'dist/index.js.map',
    'dist/chunks/a/b.js',
    'examples/tsconfig.json',
    'types/internal/clock.d.ts',
  ])
    it(`refuses ${path}`, () => {
      assert.throws(() => check(packed([...complete, path])), /files of no known kind: .*$/);
    });

  it('refuses files of a kind that together are too large, and a tarball that is', () => {
    assert.throws(
      () => check(packed(complete, { each: 900_000 })),
      /^Error: the tarball has 2700000 bytes of code/,
    );
    assert.throws(
      () => check(packed(complete, { size: 5_000_000 })),
      /^Error: the tarball has 5000000 bytes/,
    );
  });
});
