import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { DeadlineError, EtcdError } from '#src/errors/index.js';
import { register } from '#src/naming/index.js';
import { CertificateAuthority } from '#src/testing/certificates/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { skip, useEtcd } from '../../support/etcd.js';
import { useClients } from './support.js';

const timeoutMs = 700;
const text =
  "this does not look like an etcd: the server does not speak HTTP/2; it may be a web server, or etcd's peer port (2380)";

const authority = CertificateAuthority.root('servers');
const certificate = authority.issue({ names: ['127.0.0.1'] });

/** A TCP server that plays a part of a protocol. */
const raw = (play: (socket: Socket) => unknown): Server =>
  createServer((socket) => {
    socket.on('error', () => {});
    play(socket);
  });

const answerWith = (answer: string | Buffer) => (socket: Socket) => {
  socket.on('error', () => {});
  socket.once('data', () => socket.end(answer));
};

const otherServers: Readonly<Record<string, { open: () => Server; tls?: boolean }>> = {
  'an HTTP/1 server': { open: () => createHttpServer((_, response) => response.end('hello')) },
  'a web server that answers with a page alone': { open: () => raw(answerWith('<!DOCTYPE HTML>\n<html>')) },
  'an SSH server': { open: () => raw((socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n')) },
  'a server of a line protocol': { open: () => raw(answerWith("-ERR unknown command 'PRI'\r\n")) },
  'an HTTP/1 server with TLS': {
    open: () => createHttpsServer(certificate, (_, response) => response.end('hello')),
    tls: true,
  },
  'an HTTP/1 server with TLS that ignores the names of protocols': {
    open: () => createTlsServer(certificate, answerWith('HTTP/1.1 400 Bad Request\r\n\r\n')),
    tls: true,
  },
};

/** What an etcd does while it starts or stops: it closes the connection, or is cut off. */
const unfinished: Readonly<Record<string, () => Server>> = {
  'closes each connection': () => raw((socket) => socket.end()),
  'resets each connection': () => raw((socket) => socket.resetAndDestroy()),
  'closes each connection within its first frame': () =>
    raw((socket) => socket.end(Buffer.from([0, 0, 6, 4, 0, 0]))),
};

describe('a server that does not speak HTTP/2 at the endpoint of a client', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  const sockets = new Set<Socket>();
  let server: Server | undefined;

  async function listen(opened: Server, port = 0): Promise<string> {
    server = opened;
    server.on('connection', (socket: Socket) => sockets.add(socket));
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function stop(): Promise<void> {
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await closed;
    server = undefined;
  }

  afterEach(stop);

  const failureOf = async (promise: Promise<unknown>): Promise<EtcdError> => {
    const error = await promise.then(
      () => assert.fail('it resolved'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof EtcdError, String(error));
    return error;
  };

  for (const [what, { open, tls = false }] of Object.entries(otherServers))
    it(`is named in the errors of calls and registrations: ${what}`, async () => {
      const endpoint = await listen(open());
      const client = connect([endpoint], { timeoutMs, ...(tls ? { tls: { ca: authority.pem } } : {}) });
      const errors = await Promise.all([
        failureOf(client.kv.get('k')),
        failureOf(client.kv.put('k', 'v')),
        failureOf(register(client, { target: 't', addr: 'a:1', timeoutMs })),
      ]);
      for (const error of errors) {
        assert.ok(error.message.includes(`member ${endpoint}: ${text}`), error.message);
        assert.doesNotMatch(error.message, /Protocol error/);
      }
      assert.equal(errors[0]?.verdict, 'not-applied');
    });

  for (const [what, open] of Object.entries(unfinished))
    it(`is not reported if the server ${what}`, async () => {
      const client = connect([await listen(open())], { timeoutMs });
      const error = await failureOf(client.kv.get('k'));
      assert.ok(error instanceof DeadlineError, String(error));
      assert.doesNotMatch(error.message, /look like an etcd|HTTP\/2/);
    });

  it('is named for the peer port of an etcd that serves no gRPC there', async function () {
    const [member] = etcd().endpoints;
    const list = await fetch(`http://${member}/v3/cluster/member/list`, { method: 'POST', body: '{}' });
    const { members = [] } = (await list.json()) as { members?: { peerURLs: string[] }[] };
    const url = members[0]?.peerURLs[0];
    assert.ok(url !== undefined);
    const version = (await (await fetch(`http://${member}/version`)).json()) as { etcdserver: string };
    if (/^3\.[0-5]\./.test(version.etcdserver)) skip(this, 'the peer port of this etcd serves gRPC');
    const error = await failureOf(connect([new URL(url).host], { timeoutMs }).kv.get('k'));
    assert.ok(error.message.includes(text), error.message);
  });

  it('does not end a call: an etcd that listens there later answers it', async () => {
    const first = raw(answerWith('HTTP/1.1 503 Service Unavailable\r\n\r\n'));
    const endpoint = await listen(first);
    const client = connect([endpoint], { timeoutMs: 20_000 });
    const refused = (async () => {
      for await (const { type } of client.status()) if (type === 'member-unhealthy') return;
    })();
    const answer = client.kv.get('k');
    await refused;
    await stop();
    const port = Number(endpoint.split(':')[1]);
    const proxy = await startFaultProxy({ target: etcd().endpoints[0]!, port });
    try {
      assert.equal((await answer).kv, undefined);
    } finally {
      await proxy.close();
    }
  });
});
