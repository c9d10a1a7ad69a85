import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdClient } from '#src/client/index.js';
import { Code, EtcdError, PermissionDeniedError } from '#src/errors/index.js';
import { SnapshotResponse } from '#src/gen/etcd/rpc.js';
import { secretOf } from '../../support/canary.js';
import { skip, skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { type ScriptedServer, startScriptedServer } from '../../support/scripted-server.js';
import { useClients } from '../client/support.js';

describe('a saved snapshot', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  let client: EtcdClient;
  let endpoint: string;
  let folder: string;
  let path: string;

  before(async function () {
    skipUnlessBreakable(this, etcd());
    const filler = connect(etcd().endpoints);
    for (let i = 0; i < 10; i++) await filler.kv.put(`fill/${i}`, Buffer.alloc(512 * 1024, i));
  });

  beforeEach(() => {
    [endpoint = ''] = etcd().endpoints;
    client = connect(etcd().endpoints);
    folder = mkdtempSync(join(tmpdir(), 'etcd-naming-snapshot-'));
    path = join(folder, 'backup.db');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('is a file that only its owner can read, with the checksum at its end, instead of an older file', async () => {
    writeFileSync(path, 'old');
    const saved = await client.maintenance.saveSnapshot(endpoint, path);
    const bytes = readFileSync(path);
    assert.equal(saved.bytes, bytes.length);
    assert.deepEqual(createHash('sha256').update(bytes.subarray(0, -32)).digest(), bytes.subarray(-32));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ['backup.db']);
  });

  it('replaces nothing and leaves nothing when it fails on the way or is aborted', async () => {
    writeFileSync(path, 'old');
    const link = await proxy(etcd());
    link.cutAfterBytes(1024 * 1024, 'down');
    await assert.rejects(client.maintenance.saveSnapshot(link.endpoint, path), { name: 'EtcdError' });
    const signal = AbortSignal.abort(new Error('not now'));
    await assert.rejects(client.maintenance.saveSnapshot(endpoint, path, { signal }), { message: 'not now' });
    assert.equal(readFileSync(path, 'utf8'), 'old');
    assert.deepEqual(readdirSync(folder), ['backup.db']);
  });

  it('is in the folder that was the working directory at the call', async () => {
    const before = process.cwd();
    process.chdir(folder);
    const saved = client.maintenance.saveSnapshot(endpoint, 'backup.db');
    process.chdir(before);
    await saved;
    assert.deepEqual(readdirSync(folder), ['backup.db']);
  });

  it('is complete when two calls save to the same path at once', async () => {
    const [one, other] = await Promise.all([
      client.maintenance.saveSnapshot(endpoint, path),
      client.maintenance.saveSnapshot(endpoint, path),
    ]);
    assert.ok([one.bytes, other.bytes].includes(statSync(path).size));
    assert.deepEqual(readdirSync(folder), ['backup.db']);
  });

  it('replaces a symbolic link, and leaves the file that it leads to as it was', async () => {
    const older = join(folder, 'older.db');
    writeFileSync(older, 'old');
    symlinkSync(older, path);
    const { bytes } = await client.maintenance.saveSnapshot(endpoint, path);
    assert.equal(lstatSync(path).size, bytes);
    assert.equal(readFileSync(older, 'utf8'), 'old');
  });

  it('is refused in place of a folder, a pipe or a device, which stay', async function () {
    if (process.platform === 'win32') skip(this, 'Windows has no pipes of this kind');
    const [inside, pipe, device] = [folder, join(folder, 'pipe'), join(folder, 'device')] as const;
    execFileSync('mkfifo', [pipe]);
    symlinkSync('/dev/null', device);
    for (const target of [inside, pipe, device])
      await assert.rejects(client.maintenance.saveSnapshot(endpoint, target), {
        name: 'InvalidInputError',
        message: /exists and is not a regular file/,
      });
    await assert.rejects(client.maintenance.saveSnapshot(endpoint, `${folder}/new/`), {
      message: /path is not the path of a file/,
    });
    assert.ok(lstatSync(pipe).isFIFO());
    assert.ok(lstatSync(device).isSymbolicLink());
    assert.deepEqual(readdirSync(folder).sort(), ['device', 'pipe']);
  });

  it('is refused for a folder that does not exist, with the error of the file system', async () => {
    await assert.rejects(client.maintenance.saveSnapshot(endpoint, join(folder, 'none', 'backup.db')), {
      code: 'ENOENT',
    });
  });

  it('is refused below a file, with the error of the file, not of the one that is removed after it', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await assert.rejects(client.maintenance.saveSnapshot(endpoint, join(file, 'backup.db')), {
      code: 'ENOTDIR',
      syscall: 'open',
    });
  });

  describe('of a server that sends something else', () => {
    const database = Buffer.alloc(100_000, 'd');
    const digest = createHash('sha256').update(database).digest();
    let server: ScriptedServer;
    /** The blobs that the server sends, and whether it ends the stream after them. */
    let blobs: readonly Buffer[];

    beforeEach(async () => {
      server = await startScriptedServer((call) => {
        let remaining = database.length;
        for (const blob of blobs) {
          remaining = Math.max(0, remaining - blob.length);
          const part = SnapshotResponse.fromPartial({ header: {}, remainingBytes: BigInt(remaining), blob });
          call.send(SnapshotResponse.encode(part).finish());
        }
        call.end(0);
      });
    });

    afterEach(() => server.close());

    it('is complete with the right checksum', async () => {
      blobs = [database.subarray(0, 60_000), database.subarray(60_000), digest];
      const { bytes } = await client.maintenance.saveSnapshot(server.endpoint, path);
      assert.equal(bytes, database.length + 32);
    });

    for (const [what, sent] of [
      ['a wrong checksum', [database, Buffer.alloc(32)]],
      ['a wrong byte', [database.subarray(1), Buffer.of(0), digest]],
      ['no checksum', [database]],
      ['half of it', [database.subarray(0, 50_000)]],
      ['nothing', []],
    ] as const)
      it(`is not stored with ${what}`, async () => {
        blobs = sent;
        await assert.rejects(client.maintenance.saveSnapshot(server.endpoint, path), (error) => {
          assert.ok(error instanceof EtcdError);
          assert.ok([Code.DATA_LOSS, Code.UNAVAILABLE].includes(error.code as never), error.message);
          return true;
        });
        assert.deepEqual(readdirSync(folder), []);
      });
  });
});

describe('the maintenance of a member with TLS and users', () => {
  const etcd = useEtcd({ tls: {}, auth: { users: { idle: { password: secretOf('maintenance-idle') } } } });

  it('uses the settings and the user of the client, and a new token after a restart', async () => {
    await using client = new EtcdClient(etcd().clientOptions);
    const [endpoint = ''] = etcd().endpoints;
    await client.kv.put('k', 'v');
    assert.equal((await client.maintenance.status(endpoint)).version, etcd().version);
    await etcd().restart();
    let bytes = 0;
    for await (const part of client.maintenance.snapshot(endpoint)) bytes += part.length;
    assert.ok(bytes > 0);
    assert.throws(() => client.maintenance.snapshot('http://127.0.0.1:2379'), {
      message: /does not use TLS, and this client does/,
    });
  });

  it('ends at once when the signal aborts, or the loop is left, while a new token is awaited', async function () {
    skipUnlessBreakable(this, etcd());
    const { auth, ...others } = etcd().clientOptions;
    const { username = '', password = '' } = auth as { username: string; password: string };
    const asked: number[] = [];
    /** Answers the first time only. */
    const provider = () => (asked.push(asked.length) === 1 ? password : new Promise<string>(() => {}));
    await using client = new EtcdClient({ ...others, auth: { username, password: provider } });
    const [endpoint = ''] = etcd().endpoints;
    await client.kv.put('k', 'v');
    await etcd().restart();
    const aborter = new AbortController();
    const reason = new Error('no longer needed');
    const options = { signal: aborter.signal, timeoutMs: Number.POSITIVE_INFINITY };
    const aborted = client.maintenance.snapshot(endpoint, options).next();
    const left = client.maintenance.snapshot(endpoint, options);
    const pending = left.next();
    await eventually('the provider was asked again', () => asked.length === 2);
    const startedAt = performance.now();
    await left.return?.();
    assert.deepEqual(await pending, { done: true, value: undefined });
    aborter.abort(reason);
    await assert.rejects(aborted, reason);
    assert.ok(performance.now() - startedAt < client.timeoutMs / 2);
  });

  it('is refused to a user without the role root', async () => {
    await using client = new EtcdClient(etcd().clientOptionsOf('idle'));
    const [endpoint = ''] = etcd().endpoints;
    await assert.rejects(async () => {
      for await (const _ of client.maintenance.snapshot(endpoint));
    }, PermissionDeniedError);
    await assert.rejects(client.maintenance.defragment(endpoint), PermissionDeniedError);
  });
});
