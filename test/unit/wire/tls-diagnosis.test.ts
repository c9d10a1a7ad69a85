import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { parseEndpoints } from '#src/wire/index.js';
import { TlsDiagnosis } from '#src/wire/tls/diagnosis.js';

describe('a peer that closes connections without sending a byte', () => {
  let server: Server;
  let connections = 0;
  let diagnosis: TlsDiagnosis;

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
    diagnosis = new TlsDiagnosis(parseEndpoints([endpoint]).members[0]!, false);
  });

  afterEach(async () => {
    server.close();
    await once(server, 'close');
  });

  async function closesSilently(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      diagnosis.onSilentClose();
      assert.equal(await diagnosis.error(), undefined);
    }
  }

  it('is probed at growing intervals, and from the start again after it has sent bytes', async () => {
    await closesSilently(8);
    assert.equal(connections, 4);
    diagnosis.onBytes();
    await closesSilently(1);
    assert.equal(connections, 5);
  });

  it('is not probed by a closed client', async () => {
    diagnosis.close();
    await closesSilently(1);
    assert.equal(connections, 0);
  });
});
