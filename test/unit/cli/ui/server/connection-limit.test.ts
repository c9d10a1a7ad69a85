import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { ConnectionLimit } from '#src/cli/ui/server/connection-limit.js';
import { eventually } from '../../../../support/eventually.js';

/** A connection from a port of this machine. */
class FakeSocket extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort: number;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 80;

  constructor(remotePort: number) {
    super();
    this.remotePort = remotePort;
  }

  override _read(): void {}
}

describe('the limit of connections', () => {
  let limit: ConnectionLimit;

  beforeEach(() => {
    limit = new ConnectionLimit(3);
  });

  const connect = (port: number) => {
    const socket = new FakeSocket(port);
    limit.add(socket as unknown as Socket);
    return socket;
  };
  const isOpen = (...sockets: readonly FakeSocket[]) => sockets.map(({ destroyed }) => !destroyed);

  it('closes the oldest connection without a session for one more', () => {
    const sockets = [1, 2, 3, 4, 5].map(connect);
    assert.deepEqual(isOpen(...sockets), [false, false, true, true, true]);
  });

  it('keeps a connection with a session, however old', () => {
    const first = connect(1);
    limit.prove({ ...address, remotePort: 1 });
    const others = [2, 3, 4, 5].map(connect);
    assert.deepEqual(isOpen(first, ...others), [true, false, false, true, true]);
  });

  it('accepts no more when all have a session', () => {
    const sockets = [1, 2, 3].map(connect);
    for (const remotePort of [1, 2, 3]) limit.prove({ ...address, remotePort });
    assert.deepEqual(isOpen(connect(4), ...sockets), [false, true, true, true]);
  });

  it('does not count connections that are closed, with a session or without', async () => {
    const [first, second, third] = [connect(1), connect(2), connect(3)];
    limit.prove({ ...address, remotePort: 1 });
    first.destroy();
    second.destroy();
    await eventually('both are closed', () => first.closed && second.closed);
    const more = [connect(1), connect(2)];
    assert.deepEqual(isOpen(third, ...more), [true, true, true]);
  });

  it('counts a connection from the port of an earlier one that closes late', async () => {
    const earlier = connect(1);
    const later = connect(1);
    earlier.destroy();
    await eventually('it is closed', () => earlier.closed);
    const others = [2, 3, 4].map(connect);
    assert.deepEqual(isOpen(later, ...others), [false, true, true, true]);
  });

  const address = { remoteAddress: '127.0.0.1', localAddress: '127.0.0.1', localPort: 80 };
});
