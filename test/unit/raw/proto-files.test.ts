import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { protoFiles, protoFolder } from '#src/raw/index.js';

describe('the packaged .proto files', () => {
  it('have an absolute path', () => {
    assert.ok(isAbsolute(protoFolder()));
  });

  it('are exactly those listed', async () => {
    const present = (await readdir(protoFolder(), { recursive: true })).map((file) =>
      file.replaceAll('\\', '/'),
    );
    assert.deepEqual([...protoFiles], present.filter((file) => file.endsWith('.proto')).sort());
  });
});

describe('loadProtocol without @grpc/proto-loader', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'no-proto-loader-'));
    const file = 'load-protocol.js';
    await copyFile(fileURLToPath(import.meta.resolve(`#src/raw/${file}`)), join(folder, file));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('names the package to install', async () => {
    const script = `import { loadProtocol } from './load-protocol.js';
      loadProtocol().catch((error) => console.log(error.message, '|', error.cause.code));`;
    const args = ['--input-type=module', '--eval', script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
    assert.match(stdout, /npm install @grpc\/proto-loader \| ERR_MODULE_NOT_FOUND/);
  });
});
