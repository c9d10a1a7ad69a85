import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../../../..');
const main = pathToFileURL(join(root, 'dist/index.js')).href;

/** Runs each program in a project with its own copy of grpc-js. */
describe('a program whose channels do not know the resolver', () => {
  let project: string;
  before(() => {
    project = realpathSync(mkdtempSync(join(tmpdir(), 'etcd-naming other-')));
    const modules = join(project, 'node_modules');
    mkdirSync(join(modules, '@grpc'), { recursive: true });
    cpSync(join(root, 'node_modules/@grpc/grpc-js'), join(modules, '@grpc/grpc-js'), { recursive: true });
    for (const name of ['@js-sdsl', '@grpc/proto-loader'])
      symlinkSync(join(root, 'node_modules', name), join(modules, name), 'dir');
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  async function stderrOf(program: string, folder = project): Promise<string> {
    const file = join(folder, 'program.mjs');
    writeFileSync(file, program);
    const { stderr } = await promisify(execFile)(process.execPath, [file], { cwd: folder });
    return stderr;
  }

  const ours = pathToFileURL(join(root, 'node_modules/@grpc/grpc-js/build/src/index.js')).href;
  const setup = `
    import { EtcdClient, channelTarget, registerEtcdResolver } from '${main}';
    const client = new EtcdClient({ endpoints: ['127.0.0.1:1'] });
    const resolve = () => registerEtcdResolver(client);
    process.once('beforeExit', () => client.close());`;

  it('is warned once of a second copy of grpc-js that was loaded before the resolver, with both paths', async () => {
    const stderr = await stderrOf(`import '@grpc/grpc-js'; ${setup}
      resolve(); resolve(); channelTarget('a'); await client.close();`);
    assert.equal(stderr.split('ETCD_NAMING_GRPC_COPY').length - 1, 1, stderr);
    assert.ok(stderr.includes(join(root, 'node_modules/@grpc/grpc-js')), stderr);
    assert.ok(stderr.includes(join(project, 'node_modules/@grpc/grpc-js')), stderr);
    assert.match(stderr, /docs\/troubleshooting\.md/);
  });

  it('is warned of a copy that was loaded later when it dials', async () => {
    const stderr = await stderrOf(`${setup}
      resolve(); await import('@grpc/grpc-js'); channelTarget('a'); await client.close();`);
    assert.match(stderr, /ETCD_NAMING_GRPC_COPY/);
  });

  it('is warned of a channel that was made before the resolver was registered, with its target', async () => {
    const stderr = await stderrOf(`import { Client, credentials } from '${ours}'; ${setup}
      const early = new Client('etcd:///foo/bar', credentials.createInsecure());
      const plain = new Client('localhost:1', credentials.createInsecure());
      const disposed = resolve(); disposed[Symbol.dispose]();
      new Client('etcd:///late', credentials.createInsecure()).close(); resolve();
      early.close(); plain.close(); await client.close();`);
    assert.equal(stderr.split('ETCD_NAMING_EARLY_CHANNEL').length - 1, 1, stderr);
    assert.match(stderr, /a channel for 'etcd:\/\/\/foo\/bar' was made before registerEtcdResolver/);
    assert.doesNotMatch(stderr, /late|localhost/);
  });

  it('is not warned when there is one copy and channels are made after the registration', async () => {
    const stderr = await stderrOf(`import { Client, credentials } from '${ours}'; ${setup}
      resolve(); new Client(channelTarget('a').target, credentials.createInsecure()).close(); await client.close();`);
    assert.equal(stderr, '');
  });
});
