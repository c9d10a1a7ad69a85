import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { EtcdClient } from '#src/client/index.js';
import { ClosedError } from '#src/errors/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually, folderOf, useClients } from './support.js';

describe('a client', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();

  it('connects on its first call, not earlier', async () => {
    const link = await proxy(etcd());
    const client = connect([link.endpoint]);
    assert.equal(link.accepted, 0);
    await client.kv.get('k');
    assert.equal(link.accepted, 1);
  });

  it('uses one connection for all its calls and streams', async () => {
    const link = await proxy(etcd());
    const client = connect([link.endpoint]);
    const folder = folderOf(etcd());
    const watcher = client.watch({ prefix: folder });
    await watcher.ready;
    const lease = await client.lease.hold({ ttlSeconds: 60 });
    await Promise.all(Array.from({ length: 50 }, (_, i) => client.kv.put(`${folder}${i}`, 'v')));
    assert.equal(link.accepted, 1);
    await lease.revoke();
  });

  it('runs a hundred calls, watches and leases concurrently without a process warning', async () => {
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.message);
    process.on('warning', note);
    try {
      const client = connect(etcd().endpoints);
      const folder = folderOf(etcd());
      const some = Array.from({ length: 100 }, (_, i) => `${folder}${i}`);
      await Promise.all([
        ...some.map((key) => client.kv.get(key)),
        ...some.map((key) => client.watch(key).ready),
        ...some.map(async () => (await client.lease.hold({ ttlSeconds: 60 })).revoke()),
      ]);
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('warning', note);
    }
    assert.deepEqual(warnings, []);
  });

  it('accepts an address with http://', async () => {
    const client = connect([`http://${etcd().endpoints[0]}/`]);
    assert.ok((await client.kv.get('k')).revision > 0n);
  });

  it('ends its calls, watches, mirrors and leases when it closes', async () => {
    const link = await proxy(etcd());
    const client = connect([link.endpoint]);
    const watcher = client.watch('k');
    const reading = watcher[Symbol.asyncIterator]().next();
    const mirror = client.mirror({ prefix: folderOf(etcd()) })[Symbol.asyncIterator]();
    await Promise.all([watcher.ready, mirror.next()]);
    const following = mirror.next();
    const lease = await client.lease.hold({ ttlSeconds: 2 });
    link.stall();
    const call = client.kv.put('k', 'v');
    const ends = [reading, following, call].map((one) => assert.rejects(one, ClosedError));
    await Promise.all([client.close(), client.close(), client[Symbol.asyncDispose]()]);
    await Promise.all(ends);
    assert.deepEqual(await lease.ended, { reason: 'closed' });
    assert.equal(client.closed, true);
    assert.throws(() => client.watch('k'), ClosedError);
    await assert.rejects(client.lease.grant({ ttlSeconds: 5 }), ClosedError);
    await assert.rejects(client.lease.hold({ ttlSeconds: 5 }), ClosedError);
  });

  it('closes without an unhandled rejection while it probes the protocol of a member', async () => {
    // Like a load balancer without a backend: accepts, closes on HTTP/2, and does not answer a TLS ClientHello.
    const silent = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (hello) => {
        if (hello[0] !== 0x16) socket.destroy();
      });
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const sockets = new Set<Socket>();
    silent.on('connection', (socket) => sockets.add(socket));
    try {
      const closing = Array.from({ length: 20 }, async (_, i) => {
        const client = connect([`127.0.0.1:${port}`, ...etcd().endpoints]);
        await client.kv.get('k');
        await new Promise((resolve) => setTimeout(resolve, 100 * i));
        await client.close();
      });
      await Promise.all(closing);
      await eventually('no probe connection is open', () => [...sockets].every(({ destroyed }) => destroyed));
      await turn(); // lets Node report a rejection of the last probe
    } finally {
      process.off('unhandledRejection', note);
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
    assert.deepEqual(unhandled, []);
  });

  it('does not keep the process running after it closed, with a watch and a lease open', async () => {
    const script = `
      import { EtcdClient } from '#src/client/index.js';
      const client = new EtcdClient({ endpoints: ['${etcd().endpoints[0]}'] });
      const watcher = client.watch('k');
      await watcher.ready;
      await client.lease.hold({ ttlSeconds: 2 });
      await client.close();
      process.stdout.write('closed');`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (bytes) => {
      said += bytes;
    });
    const stop = setTimeout(() => child.kill(), 10_000);
    const [code] = await once(child, 'close');
    clearTimeout(stop);
    assert.deepEqual([said, code], ['closed', 0]);
  });

  it('is closed by `await using` at the end of the block', async () => {
    let outside: EtcdClient;
    {
      await using client = new EtcdClient({ endpoints: etcd().endpoints });
      outside = client;
      await client.kv.get('k');
    }
    assert.equal(outside.closed, true);
  });
});
