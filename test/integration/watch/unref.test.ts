import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { RangeResponse } from '#src/gen/etcd/rpc.js';
import { type ScriptedServer, startScriptedServer } from '../../support/scripted-server.js';

/**
 * Runs a program with a client of that endpoint, whose calls and connections may take very long. Once `reached` it is
 * told, and has no more to wait for on its own account. Gives its exit code.
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

describe('a process that has nothing to wait for but a watch', () => {
  describe('whose server is connected and does not answer', () => {
    let server: ScriptedServer;
    let asked: Promise<unknown>;

    beforeEach(async () => {
      const header = { clusterId: 1n, memberId: 1n, revision: 5n, raftTerm: 1n };
      const first = RangeResponse.encode(RangeResponse.create({ header })).finish();
      let isAsked = (_: unknown) => {};
      asked = new Promise((resolve) => {
        isAsked = resolve;
      });
      server = await startScriptedServer((call) => {
        if (server.calls.length === 1) call.reply(first);
        else isAsked(call);
      });
    });
    afterEach(() => server.close());

    it('ends, when the watch lets it go', async () => {
      const program = `await client.kv.get('k'); client.watch('k', { unref: true });`;
      assert.equal(await run(server.endpoint, program, asked), 0);
    });

    it('ends, when the watch was closed', async () => {
      const program = `
        await client.kv.get('k');
        const watcher = client.watch('k');
        process.once('message', () => watcher.close());`;
      assert.equal(await run(server.endpoint, program, asked), 0);
    });
  });

  describe('whose server takes the connection and says nothing', () => {
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

    it('ends, when the watch lets it go', async () => {
      const connected = once(server, 'connection');
      assert.equal(await run(endpoint, `client.watch('k', { unref: true });`, connected), 0);
    });
  });
});
