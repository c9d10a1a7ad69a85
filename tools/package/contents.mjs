// What the tarball may contain, what it must contain, and how large it may be.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Each file of the tarball is of one of these kinds. `atMost` is the number of bytes that all files of a kind take. */
const kinds = [
  { name: 'code', pattern: /^dist\/(?:chunks\/)?[\w-]+\.js$/, atMost: 1_720_000 },
  { name: 'page', pattern: /^dist\/ui\/(?:index\.html|app\.(?:js|css))$/, atMost: 180_000 },
  { name: 'declarations', pattern: /^types\/\w+\.d\.ts$/, atMost: 370_000 },
  { name: 'protocol', pattern: /^proto\/etcd\/\w+\.proto$/, atMost: 40_000 },
  { name: 'docs', pattern: /^docs\/[\w/.-]+\.(?:md|svg|png)$/, atMost: 1_500_000 },
  {
    name: 'examples',
    pattern:
      /^examples\/(?:[\w-]+\/)*[\w-]+\.(?:ts|js|mjs|md|proto|yaml|yml)$|^examples\/observability\/(?:dashboard\.json|alerts\.test\.yml)$|^examples\/kubernetes\/Dockerfile$|^examples\/front-ends\/[\w-]+\.(?:cfg|conf)$/,
    atMost: 220_000,
  },
  {
    name: 'documents',
    pattern: /^(?:package\.json|LICENSE|NOTICE|(?:bench\/)?[A-Z]+\.md|LICENSES\/[\w.-]+\.txt)$/,
    atMost: 100_000,
  },
];
const documents = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'RELEASING.md',
  'SECURITY.md',
  'bench/README.md',
  'LICENSE',
  'NOTICE',
  'LICENSES/Apache-2.0.txt',
  'LICENSES/MIT-preact.txt',
  'dist/ui/index.html',
  'dist/ui/app.js',
  'dist/ui/app.css',
];
const tarballAtMost = 980_000;

/** `packed` is what `npm pack --json` prints for the tarball, `manifest` the package.json in it. */
export function checkContents({ files, size, unpackedSize }, manifest) {
  const paths = files.map(({ path }) => path);
  const named = [manifest.exports, manifest.bin, manifest.main, manifest.types, manifest.typesVersions];
  const required = [...named.flatMap(pathsIn).map((path) => join(path)), ...documents];
  report(
    'the tarball lacks',
    required.filter((path) => !paths.includes(path)),
  );
  report(
    'the tarball has files of no known kind:',
    paths.filter((path) => kinds.every(({ pattern }) => !pattern.test(path))),
  );
  for (const { name, pattern, atMost } of kinds) {
    const ofKind = files.filter(({ path }) => pattern.test(path));
    const bytes = ofKind.reduce((sum, file) => sum + file.size, 0);
    console.log(`    ${name}: ${ofKind.length} files, ${bytes} of at most ${atMost} bytes`);
    if (bytes > atMost) throw new Error(`the tarball has ${bytes} bytes of ${name}, over ${atMost}`);
  }
  if (size > tarballAtMost) throw new Error(`the tarball has ${size} bytes, over ${tarballAtMost}`);
  console.log(`ok: the tarball has ${files.length} files, ${size} bytes (${unpackedSize} unpacked)`);
}

/** Every file that a value of package.json names. */
export function pathsIn(value) {
  return typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(pathsIn);
}

/** The declarations of the entries: any other file of declarations is internal, or one that no entry leads to. */
export function declarationsOf({ exports }) {
  return Object.values(exports).flatMap(({ types }) => (types ? [join(types)] : []));
}

export function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function report(text, paths) {
  if (paths.length > 0) throw new Error(`${text} ${paths.join(', ')}`);
}
