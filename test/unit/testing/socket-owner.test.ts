import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { inodeOf, socketOwner } from '#src/testing/process/socket-owner.js';

describe("Linux's table of sockets", () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0',
    '   1: 0100007F:0050 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 20 4 30 10 -1',
    '   2: 0100007F:1F90 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 333 1 0 20 4 30 10 -1',
  ].join('\n');

  it('contains the socket of one end of a connection, and not of the other', () => {
    assert.equal(inodeOf(table, 0x50, 8080), '222');
    assert.equal(inodeOf(table, 8080, 0x50), '333');
    assert.equal(inodeOf(table, 8080, 0x51), undefined);
  });

  it('is searched quickly, although a busy machine has tens of thousands of sockets', () => {
    const [title, ...rows] = table.split('\n');
    const large = [title, ...Array.from({ length: 50_000 }, () => rows[0]), rows[1], ''].join('\n');
    const begun = performance.now();
    for (let i = 0; i < 20; i++) assert.equal(inodeOf(large, 0x50, 8080), '222');
    const perSearchMs = (performance.now() - begun) / 20;
    assert.ok(perSearchMs < 100, `${perSearchMs} ms`);
  });

  it('shows which process made a connection', async function () {
    if (process.platform !== 'linux') this.skip();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const { localPort = 0 } = socket;
    assert.equal(await socketOwner(localPort, port, [1, process.pid]), process.pid);
    assert.equal(await socketOwner(localPort, port, []), undefined);
    assert.equal(await socketOwner(localPort, 1, [process.pid]), undefined);
    socket.destroy();
    server.close();
  });
});
