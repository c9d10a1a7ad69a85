import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** Prints a service of etcd, whether the error of a wrong endpoint has its class, and what protoFolder() throws. */
const program = `
  import { loadPackageDefinition } from '@grpc/grpc-js';
  import { EtcdClient, InvalidInputError } from '@org/etcd-naming';
  import { loadProtocol, protoFolder } from '@org/etcd-naming/proto';
  const thrownBy = (work) => { try { return work(); } catch (error) { return error; } };
  async function main() {
    const { etcdserverpb } = loadPackageDefinition(await loadProtocol());
    const wrong = thrownBy(() => new EtcdClient({ endpoints: [''] }));
    console.log(etcdserverpb.KV.service.Range.path, wrong instanceof InvalidInputError, thrownBy(protoFolder).code);
  }
  main();`;

describe("an application's bundle that contains the package", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'etcd-naming-app-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  for (const [format, file] of [
    ['esm', 'app.mjs'],
    ['cjs', 'app.cjs'],
  ] as const) {
    it(`runs without the package's files, as ${format}`, async () => {
      const source = join(folder, 'source.mjs');
      writeFileSync(source, program);
      const bundle = await rolldown({
        input: source,
        platform: 'node',
        resolve: { alias: installed() },
        logLevel: 'silent',
        // Other bundlers leave it undefined in CommonJS.
        transform: { define: format === 'cjs' ? { 'import.meta.url': 'undefined' } : {} },
      });
      await bundle.write({ dir: folder, format, entryFileNames: file });
      await bundle.close();
      const printed = execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });
      assert.equal(printed, '/etcdserverpb.KV/Range true MODULE_NOT_FOUND\n');
    });
  }
});

/** The packages as this project has them: the application is in another folder. */
function installed(): Record<string, string> {
  return {
    '@org/etcd-naming/proto': join(root, 'dist/proto.js'),
    '@org/etcd-naming': join(root, 'dist/index.js'),
    '@grpc/grpc-js': join(root, 'node_modules/@grpc/grpc-js'),
    '@grpc/proto-loader': join(root, 'node_modules/@grpc/proto-loader'),
  };
}
