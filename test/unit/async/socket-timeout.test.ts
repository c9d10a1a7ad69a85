import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { destroyIfSilent, timedOut } from '#src/async/index.js';

const silenceMs = 100;

describe('the time limit of a silent connection', () => {
  const sockets = new Set<Socket>();
  let server: Server | undefined;

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await new Promise((resolve) => server?.close(resolve));
  });

  async function connectTo(onConnection: (socket: Socket) => void): Promise<Socket> {
    server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      onConnection(socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').resume();
    sockets.add(socket);
    return socket;
  }

  it('does not count the time for which the event loop is blocked', async () => {
    const socket = await connectTo((one) => one.write('settings'));
    destroyIfSilent(socket, silenceMs);
    const end = performance.now() + 2 * silenceMs;
    while (performance.now() < end);
    const [data] = await once(socket, 'data');
    assert.deepEqual([String(data), timedOut(socket)], ['settings', false]);
  });

  it('ends a connection without a byte, not before its time', async () => {
    const socket = await connectTo(() => {});
    const began = performance.now();
    destroyIfSilent(socket, silenceMs, 'no byte for');
    const [error] = await once(socket, 'error');
    assert.deepEqual([error.message, timedOut(socket)], ['no byte for 100 ms', true]);
    assert.ok(performance.now() - began >= silenceMs - 1);
  });
});
