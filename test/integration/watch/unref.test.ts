import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { RangeResponse } from '#src/gen/etcd/rpc.js';
import { type ScriptedServer, startScriptedServer } from '../../support/scripted-server.js';

/**
 * Runs a program with a client of the endpoint, whose timeouts are very long. When `reached` resolves, the program gets
 * a message and has no pending work of its own. Resolves with its exit code.
 */
async function run(endpoint: string, program: string, reached: Promise<unknown>): Promise<number | null> {
  const script = `
    import { EtcdClient } from '#src/client/index.js';
    const client = new EtcdClient({
      endpoints: ['${endpoint}'], timeoutMs: 600_000, connectTimeoutMs: 600_000, keepaliveTimeMs: 600_000,
    });
    process.once('message', () => process.disconnect());
    ${program}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  void reached.then(() => child.send('reached'));
  const stop = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const [code] = await once(child, 'close');
  clearTimeout(stop);
  return code as number | null;
}

describe('a process whose only pending work is a watch', () => {
  describe('on a connected server that does not answer', () => {
    let server: ScriptedServer;
    let requested: Promise<unknown>;

    beforeEach(async () => {
      const header = { clusterId: 1n, memberId: 1n, revision: 5n, raftTerm: 1n };
      const first = RangeResponse.encode(RangeResponse.create({ header })).finish();
      let onRequest = (_: unknown) => {};
      requested = new Promise((resolve) => {
        onRequest = resolve;
      });
      server = await startScriptedServer((call) => {
        if (server.calls.length === 1) call.reply(first);
        else onRequest(call);
      });
    });
    afterEach(() => server.close());

    it('exits when the watch has unref', async () => {
      const program = `await client.kv.get('k'); client.watch('k', { unref: true });`;
      assert.equal(await run(server.endpoint, program, requested), 0);
    });

    it('exits when the watch is closed', async () => {
      const program = `
        await client.kv.get('k');
        const watcher = client.watch('k');
        process.once('message', () => watcher.close());`;
      assert.equal(await run(server.endpoint, program, requested), 0);
    });
  });

  describe('on a server that accepts the connection and stays silent', () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
    });
    let endpoint: string;

    before(async () => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });

    it('exits when the watch has unref', async () => {
      const connected = once(server, 'connection');
      assert.equal(await run(endpoint, `client.watch('k', { unref: true });`, connected), 0);
    });
  });
});
