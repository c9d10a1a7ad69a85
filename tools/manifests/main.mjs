#!/usr/bin/env node
// npm run manifests:check: validates examples/kubernetes/*.yaml against the schemas of Kubernetes' API, and refuses
// unknown fields, which the schemas allow.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installFolder } from '../../scripts/install-folder.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const folder = join(root, 'examples/kubernetes');

await installFolder(here);
const { parseAllDocuments } = await import('yaml');

const objects = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((file) =>
    parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((one) => read(file, one)),
  );
for (const { file, object } of objects) {
  const { [object.kind]: Model } = await import(moduleOf(object));
  new Model(object).validate();
  console.log(`ok: ${file}: ${object.kind} ${object.metadata.name}`);
}
refuseUnknownFields();
console.log(`ok: no unknown field in ${objects.length} objects`);

function read(file, document) {
  if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]}`);
  return { file, object: document.toJS() };
}

function moduleOf({ apiVersion, kind }) {
  return `kubernetes-models/${apiVersion}/${kind}`;
}

/** TypeScript reports a member of a literal that its type does not have. */
function refuseUnknownFields() {
  const scratch = mkdtempSync(join(here, 'check-'));
  try {
    const lines = objects.map(
      ({ object }, i) =>
        `import type { I${object.kind} as T${i} } from '${moduleOf(object)}';\nexport const o${i}: T${i} = ${JSON.stringify(object)};`,
    );
    writeFileSync(join(scratch, 'objects.ts'), lines.join('\n'));
    const options = { strict: true, noEmit: true, skipLibCheck: true, module: 'nodenext', types: [] };
    writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
    run(join(root, 'node_modules/.bin/tsc'), ['-p', scratch], here);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function run(program, args, cwd) {
  const { status } = spawnSync(program, args, { cwd, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${program} ended with ${status}`);
}
