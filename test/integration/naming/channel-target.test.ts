import assert from 'node:assert/strict';
import { promisify } from 'node:util';
import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { channelTarget, registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { CertificateAuthority } from '#src/testing/certificates/index.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { useEtcd } from '../../support/etcd.js';
import { Caller } from '../../support/naming/caller.js';
import { Opened } from '../../support/naming/opened.js';
import { whoService } from '../../support/naming/servers.js';
import { expectNoSocketLeft } from '../../support/sockets.js';

describe('a service dialled with an HTTP proxy in the environment', () => {
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  const before = process.env['http_proxy'];

  afterEach(async () => {
    if (before === undefined) delete process.env['http_proxy'];
    else process.env['http_proxy'] = before;
    await opened.close();
  });

  it('is resolved in etcd with the options of channelTarget(), and not without them', async () => {
    const server = await opened.server('a');
    const client = opened.client(etcd().endpoints);
    const service = `${etcd().prefix}dial/a b%2F?c`;
    await new EndpointManager(client, service).addEndpoint(`${service}/a`, { addr: server.addr });
    opened.add(registerEtcdResolver(client), (one) => one[Symbol.dispose]());
    process.env['http_proxy'] = `http://${await deadEndpoint()}`;

    const { target, options } = channelTarget(service);
    const caller = opened.caller(target, options);
    assert.equal(await caller.call(), 'a');

    const naive = opened.add(new Client(target, credentials.createInsecure()), (one) => one.close());
    const asked = new Promise((resolve, reject) => {
      const deadline = { deadline: Date.now() + 10_000 };
      naive.makeUnaryRequest('/x.Y/Z', Buffer.from, String, '', deadline, (error) =>
        error ? reject(error) : resolve(undefined),
      );
    });
    await assert.rejects(asked, /No connection established/);
  });

  it('does not make an etcd client use the proxy', async () => {
    process.env['http_proxy'] = `http://${await deadEndpoint()}`;
    await opened.client(etcd().endpoints).kv.get('x');
  });
});

describe('a service dialled with TLS', () => {
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  afterEach(() => opened.close());

  it('is called only at servers whose certificate has the server name', async () => {
    const authority = CertificateAuthority.root('servers');
    const client = opened.client(etcd().endpoints);
    opened.add(registerEtcdResolver(client), (one) => one[Symbol.dispose]());
    for (const [name, answer] of [
      ['svc.internal', 'called'],
      ['other.internal', undefined],
    ] as const) {
      const { cert, key } = authority.issue({ names: [name] });
      const server = opened.add(new Server(), (one) => one.forceShutdown());
      let calls = 0;
      server.addService(whoService, {
        ask: (_: unknown, reply: (error: null, answer: string) => void) => {
          calls++;
          reply(null, 'called');
        },
      });
      const pair = [{ cert_chain: Buffer.from(cert), private_key: Buffer.from(key) }];
      const port = await promisify(server.bindAsync.bind(server))(
        '127.0.0.1:0',
        ServerCredentials.createSsl(null, pair),
      );
      const service = `${etcd().prefix}dial/${name}`;
      await new EndpointManager(client, service).addEndpoint(`${service}/a`, { addr: `127.0.0.1:${port}` });
      // Also the absolute name: its dot is sent neither in TLS nor in `:authority`.
      for (const serverName of ['svc.internal', 'svc.internal.']) {
        const { target, options } = channelTarget(service, { serverName });
        const secure = credentials.createSsl(Buffer.from(authority.pem));
        const caller = opened.add(new Caller(target, options, secure), (one) => one.close());
        if (answer === undefined) await assert.rejects(caller.call(), /UNAVAILABLE.*altnames/);
        else assert.equal(await caller.call(), answer);
      }
      assert.equal(calls, answer === undefined ? 0 : 2);
    }
  });
});
