import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, get, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { listenAt } from '#src/cli/ui/server/listen.js';
import { skip } from '../../../support/etcd.js';

const loopback = ['127.0.0.1', '::1'];

describe('the server of the page at several addresses', () => {
  let servers: readonly HttpServer[];
  let other: Server;

  before(function () {
    const addresses = Object.values(networkInterfaces()).flatMap((infos = []) => infos);
    if (!addresses.some(({ address }) => address === '::1')) skip(this, 'this machine has no ::1');
  });
  beforeEach(async () => {
    servers = [];
    other = createServer();
    other.listen(0, '::1');
    await once(other, 'listening');
  });
  afterEach(() => {
    other.close();
    for (const server of servers) server.close();
  });

  const start = async (addresses: readonly string[], port = 0) => {
    const listening = await listenAt(addresses, port, () =>
      createHttpServer((_, response) => response.end()),
    );
    servers = listening.servers;
    return listening.port;
  };

  const statusAt = (host: string, port: number) =>
    new Promise<number | undefined>((resolve, reject) => {
      get({ host, port, agent: false }, (response) => resolve(response.resume().statusCode)).on(
        'error',
        reject,
      );
    });

  it('has the same port at each of them', async () => {
    const port = await start(loopback);
    for (const host of loopback) assert.equal(await statusAt(host, port), 200);
  });

  it('leaves out an address that the machine lacks', async () => {
    const port = await start(['198.51.100.7', '127.0.0.1']);
    assert.deepEqual([servers.length, await statusAt('127.0.0.1', port)], [1, 200]);
  });

  it('fails if the machine lacks all of them', async () => {
    await assert.rejects(start(['198.51.100.7', '203.0.113.7']), { code: 'EADDRNOTAVAIL' });
  });

  it('fails, and listens nowhere, if the port is in use at one of them', async () => {
    const { port } = other.address() as AddressInfo;
    await assert.rejects(start(loopback, port), { code: 'EADDRINUSE', address: '::1' });
    await assert.rejects(statusAt('127.0.0.1', port), { code: 'ECONNREFUSED' });
  });
});
