import assert from 'node:assert/strict';
import { Client, credentials } from '@grpc/grpc-js';
import { dial, registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { deadEndpoint, expectNoSocketLeft, Opened } from './support.js';

describe('a service dialled where the environment names an HTTP proxy', () => {
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  const before = process.env['http_proxy'];

  afterEach(async () => {
    if (before === undefined) delete process.env['http_proxy'];
    else process.env['http_proxy'] = before;
    await opened.close();
  });

  it('is found in etcd by what dial() gives, and not without', async () => {
    const server = await opened.server('a');
    const client = opened.client(etcd().endpoints);
    const service = `${etcd().prefix}dial/a b%2F?c`;
    await new EndpointManager(client, service).addEndpoint(`${service}/a`, { addr: server.addr });
    opened.add(registerEtcdResolver(client), (one) => one[Symbol.dispose]());
    process.env['http_proxy'] = `http://${await deadEndpoint()}`;

    const { target, options } = dial(service);
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
});
