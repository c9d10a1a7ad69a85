import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { EtcdClient } from '#src/client/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, NamingError, register } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import { whoService } from '../../support/naming/servers.js';

/** Each address with the text of its rejection. */
const refused: readonly (readonly [addr: string, why: RegExp])[] = [
  ['::1:50051', /write '\[::1\]:50051'/],
  ['::1', /no port/],
  ['10.0.0.7', /no port.*'10\.0\.0\.7:50051'/],
  ['127.0.0.1', /no port/],
  ['[::1]', /no port/],
  [':50051', /has no host/],
  ['0.0.0.0:50051', /each caller's own host/],
  ['0:50051', /each caller's own host/],
  ['[::]:50051', /each caller's own host/],
  ['http://h:50051/x', /a URL with a path/],
  ['http://user:secret@h:50051', /a user/],
  ['http://h:50051', /URL.*'h:50051'/],
  ['[fe80::1]:50051', /link-local/],
  ['224.0.0.1:50051', /multicast/],
  ['unix:/a%20b', /'%'/],
  ['unix:/a\u202eb', /U\+202E/],
  ['ftp://h:50051', /scheme 'ftp'/],
  ['h\0st:50051', /U\+0000/],
  ['h\u202est:50051', /U\+202E/],
  ['h\u00adst:50051', /U\+00AD/],
  ['b\u00fccher.example:50051', /'xn--bcher-kva\.example:50051'/],
  ['127.1:50051', /'127\.0\.0\.1:50051'/],
  ['h:', /no port/],
  ['h:0', /port 0/],
  ['h:99999', /port 99999 is over 65535/],
  ['h:http', /port 'http'/],
  ['h:1:2', /colon/],
  ['10.0.0.7:1,10.0.0.8:1', /one address/],
  ['a..b:1', /empty part/],
  [`${'a'.repeat(64)}:1`, /63/],
  ['/run/a.sock', /'unix:\/run\/a\.sock'/],
  ['unix:a.sock', /absolute/],
  [`unix:/${'a'.repeat(200)}`, /107 bytes/],
];

describe('an address', () => {
  const etcd = useEtcd();
  const opened = new Opened();
  let client: EtcdClient;
  let target: string;
  let n = 0;

  beforeEach(() => {
    client = opened.client(etcd().endpoints);
    target = `${etcd().prefix}addresses/${n++}`;
  });
  afterEach(() => opened.close());

  const stored = () => client.kv.range({ prefix: `${target}/` });

  for (const [addr, why] of refused) {
    it(`is rejected with the reason: ${JSON.stringify(addr)}`, async () => {
      const isRefusal = (error: unknown) => {
        assert.ok(error instanceof NamingError, `${error}`);
        assert.match(error.message, why);
        assert.doesNotMatch(error.message, /secret|[\0\u202e\u00ad]/);
        return true;
      };
      const tried = register(client, { target, addr, timeoutMs: 5_000 });
      tried.then(
        (registration) => registration.close(),
        () => {},
      );
      await assert.rejects(tried, isRefusal);
      assert.equal((await stored()).kvs.length, 0);
      const registration = opened.add(await register(client, { target, addr: '10.0.0.7:1' }), (one) =>
        one.close(),
      );
      await assert.rejects(registration.update({ addr }), isRefusal);
      assert.deepEqual(registration.endpoint, { addr: '10.0.0.7:1' });
    });
  }

  it('of a Unix socket is dialled with allowUnix', async () => {
    const folder = opened.add(mkdtempSync(join(tmpdir(), 'etcd-naming-')), (path) =>
      rmSync(path, { recursive: true }),
    );
    opened.add(registerEtcdResolver(client, { allowUnix: () => true }), (one) => one[Symbol.dispose]());
    const registered = (service: string, addr: string) => register(client, { target: service, addr });
    // What cannot be registered, because Go dials another path, may be stored by others.
    const add = (service: string, addr: string) =>
      new EndpointManager(client, service).addEndpoint(`${service}/1`, { addr });
    for (const [name, store] of [
      ['a b.sock', registered],
      ['a b%2F#.sock', add],
    ] as const) {
      const [service, addr] = [`${target}-${name.length}`, `unix:${join(folder, name)}`];
      const server = opened.add(new Server(), (one) => one.forceShutdown());
      server.addService(whoService, {
        ask: (_: unknown, reply: (error: null, answer: string) => void) => reply(null, `at ${name}`),
      });
      await promisify(server.bindAsync.bind(server))(addr, ServerCredentials.createInsecure());
      const stored = await store(service, addr);
      if ('close' in stored) opened.add(stored, (one) => one.close());
      assert.equal(await opened.caller(`etcd:///${service}`).call(), `at ${name}`);
    }
  });

  it('is stored unchecked by EndpointManager, as by Go', async () => {
    const manager = new EndpointManager(client, target);
    const addrs = refused.map(([addr]) => addr);
    for (const [i, addr] of addrs.entries()) await manager.addEndpoint(`${target}/${i}`, { addr });
    const list = [...(await manager.list()).values()].map(({ addr }) => addr);
    assert.deepEqual(list.sort(), [...addrs].sort());
  });

  it('is reachable in each form that is registered or that Go dials, and counts once in all its spellings', async () => {
    const server = await opened.server('a');
    const { port } = server;
    opened.add(registerEtcdResolver(client), (one) => one[Symbol.dispose]());
    const manager = new EndpointManager(client, target);
    const registered = [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`, `127.0.0.1:0${port}`];
    for (const addr of registered) opened.add(await register(client, { target, addr }), (one) => one.close());
    for (const [i, addr] of [...registered, `http://127.0.0.1:${port}`, `:${port}`].entries()) {
      const service = `${target}-${i}`;
      await new EndpointManager(client, service).addEndpoint(`${service}/1`, { addr });
      assert.equal(await opened.caller(`etcd:///${service}`).call(), 'a', addr);
    }
    // round_robin of grpc-js would give a server one share per spelling.
    const other = await opened.server('b');
    await manager.addEndpoint(`${target}/b`, { addr: other.addr });
    const caller = opened.caller(`etcd:///${target}`);
    await caller.untilServedBy('a', 'b');
    await eventually('each spelling of 127.0.0.1 and localhost has one share', async () => {
      const { a = 0, b = 0 } = await caller.calls(30);
      return a === 2 * b;
    });
  });
});
