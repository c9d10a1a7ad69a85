import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { parseEndpoints } from '#src/wire/index.js';
import { TlsDiagnosis } from '#src/wire/tls-diagnosis.js';

describe('a peer that hangs up without a word', () => {
  let server: Server;
  let connections = 0;
  let failure: TlsDiagnosis;

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
    failure = new TlsDiagnosis(parseEndpoints([endpoint]).members[0]!, false);
  });

  afterEach(async () => {
    server.close();
    await once(server, 'close');
  });

  async function hangsUp(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      failure.onSilentClose();
      assert.equal(await failure.error(), undefined);
    }
  }

  it('is asked for its language more and more rarely, and anew after it greeted', async () => {
    await hangsUp(8);
    assert.equal(connections, 4);
    failure.onBytes();
    await hangsUp(1);
    assert.equal(connections, 5);
  });

  it('is not asked by a client that was closed', async () => {
    failure.close();
    await hangsUp(1);
    assert.equal(connections, 0);
  });
});
