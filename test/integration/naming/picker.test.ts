import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ClosedError, Code } from '#src/errors/index.js';
import { EndpointManager, register, ServiceDirectory } from '#src/naming/index.js';
import { EndpointPicker, type PickedEndpoint, pick } from '#src/naming/picker/index.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { skip, skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { isOwnAddress } from '../../support/own-address.js';
import { useClients } from '../client/support.js';

/** An HTTP server that answers with its name. */
async function serveHttp(name: string, host = '127.0.0.1'): Promise<Server> {
  const server = createServer((_request, response) => response.end(name));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return server;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** A request as a user writes it: it reports an endpoint that it cannot reach. */
async function request(endpoint: PickedEndpoint): Promise<string> {
  try {
    const response = await fetch(`http://${endpoint.addr}/`, { headers: { connection: 'close' } });
    return await response.text();
  } catch (error) {
    endpoint.markUnhealthy();
    throw error;
  }
}

describe('an endpoint picker', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect } = useClients();
  const servers: Server[] = [];
  let target: string;

  beforeEach(() => {
    target = `${etcd().prefix}picker/svc`;
  });

  afterEach(async () => {
    for (const server of servers.splice(0)) server.close();
    const client = connect(etcd().endpoints);
    await client.kv.delete({ prefix: `${etcd().prefix}picker/` });
  });

  async function serve(name: string, metadata = {}, host?: string) {
    const server = await serveHttp(name, host);
    servers.push(server);
    const addr = `${host === '::1' ? '[::1]' : '127.0.0.1'}:${portOf(server)}`;
    return register(connect(etcd().endpoints), { target, addr, metadata });
  }

  /** Who answers so many requests. */
  async function answersOf(picker: EndpointPicker, requests: number): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (let i = 0; i < requests; i++) {
      const name = await request(picker.pick()).catch(() => 'none');
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  it('distributes requests by weight, follows the metadata, and passes over a server that drains', async () => {
    const heavy = await serve('heavy', { weight: 3 });
    await serve('light');
    using picker = new EndpointPicker(connect(etcd().endpoints), target);
    await picker.ready({ minEndpoints: 2 });
    assert.deepEqual(await answersOf(picker, 40), { heavy: 30, light: 10 });
    await heavy.update({ metadata: { weight: 1, status: 'draining' } });
    await eventually('it drains', () =>
      picker.endpoints.some(({ record }) => JSON.stringify(record.metadata).includes('draining')),
    );
    assert.deepEqual(await answersOf(picker, 10), { light: 10 });
  });

  it('reaches a server by an IPv6 address', async function () {
    if (!(await isOwnAddress('::1'))) skip(this, 'this machine has no address ::1');
    await serve('six', {}, '::1');
    const { addr } = await pick(connect(etcd().endpoints), target);
    assert.match(addr, /^\[::1\]:\d+$/);
    assert.equal(await (await fetch(`http://${addr}/`, { headers: { connection: 'close' } })).text(), 'six');
  });

  it('avoids a server that does not answer, after one failed request', async () => {
    await serve('alive');
    const client = connect(etcd().endpoints);
    await new EndpointManager(client, target).addEndpoint(`${target}/dead`, { addr: await deadEndpoint() });
    using picker = new EndpointPicker(client, target);
    await picker.ready({ minEndpoints: 2 });
    let failures = 0;
    while (failures === 0) failures = (await answersOf(picker, 1))['none'] ?? 0;
    const next = new Set(Array.from({ length: 10 }, () => picker.pick())); // within its ejection of a second
    assert.deepEqual(await Promise.all([...next].map(request)), ['alive']);
  });

  it('reports an empty service at once, with its prefix and revision', async () => {
    const client = connect(etcd().endpoints);
    const { revision } = await client.kv.put(`${etcd().prefix}picker/other`, '');
    await assert.rejects(pick(client, target), {
      code: Code.UNAVAILABLE,
      message: `UNAVAILABLE: no endpoints under '${target}/' at etcd revision ${revision}`,
    });
  });

  it('ends with its client', async () => {
    await serve('one');
    const client = connect(etcd().endpoints);
    await pick(client, target);
    using picker = new EndpointPicker(client, target);
    await picker.ready();
    await client.close();
    assert.throws(() => picker.pick(), ClosedError);
    await assert.rejects(pick(client, target), ClosedError);
  });

  it('picks throughout an outage of etcd, and finds a server that comes later', async function () {
    skipUnlessBreakable(this, etcd());
    await serve('first');
    using picker = new EndpointPicker(connect(etcd().endpoints), target);
    await picker.ready();
    await etcd().kill();
    const away = new EndpointPicker(connect(etcd().endpoints), target);
    assert.throws(() => away.pick(), { code: Code.UNAVAILABLE, verdict: 'not-applied' });
    assert.deepEqual(await answersOf(picker, 20), { first: 20 });
    await etcd().restart();
    await serve('second');
    await picker.ready({ minEndpoints: 2 });
    assert.deepEqual(await answersOf(picker, 20), { first: 10, second: 10 });
    await away.ready();
    away.close();
  });

  it('keeps its endpoints when etcd loses its data, until they are registered again', async function () {
    skipUnlessBreakable(this, etcd());
    await serve('survivor');
    using picker = new EndpointPicker(new ServiceDirectory(connect(etcd().endpoints)), target);
    await picker.ready();
    const before = picker.pick();
    await etcd().wipe();
    const isRegistered = async () =>
      (await connect(etcd().endpoints).kv.range({ prefix: `${target}/` })).count === 1n;
    await eventually('it is registered again', async () => {
      assert.deepEqual(await answersOf(picker, 1), { survivor: 1 });
      return isRegistered();
    });
    assert.equal(picker.pick(), before);
  });
});
