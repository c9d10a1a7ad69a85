import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type FaultProxy, startFaultProxy } from '#src/testing/index.js';
import { eventually } from '../../support/eventually.js';

/** A client that records what it received and how it ended. */
class Client {
  received = '';
  ended = false;
  error: NodeJS.ErrnoException | undefined;
  readonly socket: Socket;
  readonly closed: Promise<void>;

  constructor(endpoint: string) {
    const [host, port] = endpoint.split(':');
    this.socket = connect({ host: host!, port: Number(port) });
    this.socket.on('data', (bytes) => {
      this.received += String(bytes);
    });
    this.socket.on('end', () => {
      this.ended = true;
    });
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  send(text: string): void {
    this.socket.write(text);
  }
}

describe('the fault proxy', () => {
  let echo: Server;
  let atServer: Set<Socket>;
  let target: string;
  let proxy: FaultProxy;
  let clients: Client[];

  beforeEach(async () => {
    atServer = new Set();
    clients = [];
    echo = createServer((socket) => {
      atServer.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => atServer.delete(socket));
      socket.pipe(socket);
    });
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    target = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
    proxy = await startFaultProxy({ target });
  });

  afterEach(async () => {
    for (const { socket } of clients) socket.destroy();
    await proxy.close();
    assert.equal(proxy.connections, 0);
    await eventually('the server has no connections', () => atServer.size === 0);
    echo.close();
    await once(echo, 'close');
  });

  function dial(through = proxy): Client {
    const client = new Client(through.endpoint);
    clients.push(client);
    return client;
  }

  async function exchange(client: Client, text = 'hello'): Promise<void> {
    const expected = client.received + text;
    client.send(text);
    await eventually(`'${text}' is echoed`, () => client.received === expected);
  }

  it('forwards bytes and ends, and counts connections', async () => {
    const client = dial();
    await exchange(client);
    await exchange(dial());
    assert.equal(proxy.connections, 2);
    client.socket.end();
    await client.closed;
    assert.equal(client.ended, true);
    assert.equal(client.error, undefined);
    await eventually('the count decreases', () => proxy.connections === 1);
    assert.equal(proxy.accepted, 2);
  });

  it('forwards megabytes unchanged to a slow reader', async () => {
    const client = dial();
    client.socket.pause();
    const text = 'x'.repeat(30_000_000);
    client.send(`${text}!`);
    await eventually('all buffers are full', () => [...atServer].some((socket) => socket.writableNeedDrain));
    client.socket.resume();
    await eventually('everything is received', () => client.received.length === text.length + 1);
    assert.ok(client.received === `${text}!`);
  });

  it('resets a client when the server does not run', async () => {
    const withoutServer = await startFaultProxy({ target: '127.0.0.1:1' });
    const client = new Client(withoutServer.endpoint);
    await client.closed;
    assert.equal(client.error?.code, 'ECONNRESET');
    await withoutServer.close();
    await withoutServer.close();
  });

  it('forwards a reset by the server', async () => {
    const client = dial();
    await exchange(client);
    for (const socket of atServer) socket.resetAndDestroy();
    await client.closed;
    assert.equal(client.error?.code, 'ECONNRESET');
  });

  it('cut() resets both sides of every connection, and serves new connections', async () => {
    const client = dial();
    await exchange(client);
    proxy.cut();
    await client.closed;
    assert.equal(client.error?.code, 'ECONNRESET');
    assert.equal(client.ended, false, 'a reset is not an orderly end');
    await eventually("the server's side is closed too", () => atServer.size === 0);
    await exchange(dial());
  });

  it('cut() does not wait for a stalled reader', async () => {
    const client = dial();
    client.socket.pause();
    client.send('x'.repeat(30_000_000));
    await eventually('all buffers are full', () => [...atServer].some((socket) => socket.writableNeedDrain));
    proxy.cut();
    await eventually('no connection is left', () => proxy.connections === 0 && atServer.size === 0);
  });

  it('refuse() resets old and new connections until heal()', async () => {
    const old = dial();
    await exchange(old);
    proxy.refuse();
    const fresh = dial();
    await Promise.all([old.closed, fresh.closed]);
    assert.equal(old.error?.code, 'ECONNRESET');
    assert.equal(fresh.error?.code, 'ECONNRESET');
    proxy.heal();
    await exchange(dial());
  });

  it('blackhole() drops all bytes, never answers, and hides the end of either side', async () => {
    const old = dial();
    await exchange(old);
    proxy.blackhole();
    const fresh = dial();
    await once(fresh.socket, 'connect');
    old.send('lost');
    fresh.send('lost');
    for (const socket of atServer) socket.write('lost too');
    await eventually('the proxy has both connections', () => proxy.connections === 2);
    old.socket.resetAndDestroy();
    await old.closed;
    assert.equal(old.received, 'hello');
    assert.equal(fresh.received, '');
    assert.equal(atServer.size, 1);
  });

  it('heal() after blackhole() serves new connections, keeps damaged ones silent, and ends them with their client', async () => {
    const old = dial();
    await exchange(old);
    const gone = dial();
    await exchange(gone);
    proxy.blackhole();
    const fresh = dial();
    await once(fresh.socket, 'connect');
    old.send('lost');
    gone.send('lost');
    gone.socket.destroy();
    const third = dial();
    await once(third.socket, 'connect');
    await eventually('the lost bytes have arrived at the proxy', () => proxy.accepted === 4);
    proxy.heal();
    await exchange(dial());
    await eventually('the connection of the ended client is closed', () => atServer.size === 2);
    old.send('into the void');
    fresh.send('into the void');
    await exchange(dial());
    assert.equal(old.received, 'hello');
    assert.equal(fresh.received, '');
    old.socket.destroy();
    await eventually("the server's side of the damaged connection is closed", () => atServer.size === 2);
  });

  it('a connection that lost nothing in a blackhole continues after heal()', async () => {
    const client = dial();
    await exchange(client);
    proxy.blackhole();
    proxy.heal();
    await exchange(client, 'again');
  });

  it("blackhole('down') forwards requests and drops answers, on new connections too, until the client closes", async () => {
    const old = dial();
    await exchange(old);
    proxy.blackhole('down');
    const fresh = dial();
    const receivedTexts: string[] = [];
    await eventually('both are connected', () => atServer.size === 2);
    for (const socket of atServer) socket.on('data', (bytes: Buffer) => receivedTexts.push(bytes.toString()));
    old.send('one');
    fresh.send('two');
    await eventually('both requests arrive', () => receivedTexts.sort().join() === 'one,two');
    for (const socket of atServer) socket.write('an answer');
    await sendAndWait(old, 'three', receivedTexts);
    proxy.heal();
    await exchange(dial());
    await sendAndWait(old, 'four', receivedTexts);
    assert.equal(old.received, 'hello');
    assert.equal(fresh.received, '');
  });

  /** Sends a text and waits until the server has it, without waiting for the answer. */
  async function sendAndWait(from: ReturnType<typeof dial>, text: string, receivedTexts: readonly string[]) {
    from.send(text);
    await eventually(`${text} arrives`, () => receivedTexts.includes(text));
  }

  it('acceptSilently() never answers new connections, and does not affect the old ones', async () => {
    const old = dial();
    await exchange(old);
    proxy.acceptSilently();
    const fresh = dial();
    await once(fresh.socket, 'connect');
    fresh.send('anybody?');
    await exchange(old, 'still here');
    assert.equal(fresh.received, '');
    fresh.socket.end();
    await fresh.closed;
  });

  it('stall() delays everything without loss', async () => {
    const client = dial();
    await exchange(client);
    proxy.stall();
    const fresh = dial();
    client.send(' one');
    client.send(' two');
    fresh.send('new');
    // A byte that is not delayed arrives long before one that is sent later on a new connection.
    await using open = await startFaultProxy({ target });
    await exchange(dial(open));
    assert.deepEqual([client.received, fresh.received], ['hello', '']);
    proxy.heal();
    await eventually(
      'the delayed texts arrive',
      () => client.received === 'hello one two' && fresh.received === 'new',
    );
  });

  it('delay() delays each direction and keeps the order, even when the delay decreases', async () => {
    const client = dial();
    await exchange(client);
    proxy.delay({ up: 60, down: 40 });
    const start = performance.now();
    client.send('a');
    await eventually('the text arrives', () => client.received === 'helloa');
    assert.ok(performance.now() - start >= 99, 'not before 100 ms');
    client.send('b');
    proxy.delay(0);
    client.send('c');
    client.socket.end();
    await client.closed;
    assert.equal(client.received, 'helloabc');
  });

  for (const direction of ['up', 'down'] as const) {
    it(`cutAfterBytes(n, '${direction}') forwards exactly n more bytes, then resets once`, async () => {
      const client = dial();
      await exchange(client);
      proxy.cutAfterBytes(4, direction);
      client.send('abc');
      await eventually('the first three bytes pass', () => client.received === 'helloabc');
      client.send('defg');
      await client.closed;
      // libuv reports a reset that arrives with data as an end, so only 'up' can distinguish them.
      if (direction === 'up') assert.equal(client.error?.code, 'ECONNRESET');
      // The fourth byte reaches the server, and the reset overtakes its echo.
      assert.equal(client.received, direction === 'down' ? 'helloabcd' : 'helloabc');
      await exchange(dial(), 'a longer text than four bytes');
    });
  }

  it('cutAfterBytes(0) resets on the next byte, and does not forward it', async () => {
    const client = dial();
    await exchange(client);
    proxy.cutAfterBytes(0, 'up');
    client.send('x');
    await client.closed;
    assert.equal(client.received, 'hello');
  });

  it('heal() cancels a pending cutAfterBytes()', async () => {
    const client = dial();
    proxy.cutAfterBytes(3, 'up');
    proxy.heal();
    await exchange(client);
  });

  it('close() resets all connections and frees the port', async () => {
    const client = dial();
    await exchange(client);
    await proxy.close();
    await client.closed;
    const { endpoint } = proxy;
    const late = new Client(endpoint);
    await late.closed;
    assert.equal(late.error?.code, 'ECONNREFUSED');
  });

  it('rejects a target without a port', async () => {
    await assert.rejects(startFaultProxy({ target: 'localhost' }), /host:port/);
  });
});
