import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { ConnectionTrouble } from '#src/wire/connection-trouble.js';
import { parseEndpoints } from '#src/wire/index.js';

describe('a peer that hangs up without a word', () => {
  let server: Server;
  let connections = 0;
  let trouble: ConnectionTrouble;

  beforeEach(async () => {
    connections = 0;
    server = createServer((socket) => {
      connections++;
      socket.on('error', () => {});
      socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    trouble = new ConnectionTrouble(parseEndpoints([endpoint]).members[0]!, false);
  });

  afterEach(async () => {
    server.close();
    await once(server, 'close');
  });

  async function hangsUp(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      trouble.wasHungUpOn();
      assert.equal(await trouble.error(), undefined);
    }
  }

  it('is asked for its language more and more rarely, and anew after it greeted', async () => {
    await hangsUp(8);
    assert.equal(connections, 4);
    trouble.wasGreeted();
    await hangsUp(1);
    assert.equal(connections, 5);
  });

  it('is not asked by a client that was closed', async () => {
    trouble.close();
    await hangsUp(1);
    assert.equal(connections, 0);
  });
});
