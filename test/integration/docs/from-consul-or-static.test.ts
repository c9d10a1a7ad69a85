import { rmSync } from 'node:fs';
import { EtcdClient } from '#src/client/index.js';
import { channelTarget, registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, register, ServiceDirectory } from '#src/naming/index.js';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { staticCases } from '../../migration/static/cases.js';
import { check, type Expected, type Outcome } from '../../migration/support/case.js';
import { compileRows, type Program, type Programs, type Side } from '../../migration/support/compile.js';
import { readPage, rowsOf } from '../../migration/support/page.js';
import { end } from '../../migration/support/stage.js';
import { skipIfExternal } from '../../support/etcd.js';
import { NamedServer } from '../../support/naming/servers.js';
import { unproxied } from '../../support/proxy.js';

const rows = rowsOf(readPage('from-consul-or-static'));

const side: Side = {
  imports: `
import { Client, credentials, type ChannelOptions } from '@grpc/grpc-js';
import { channelTarget, type ChannelTarget, compare, type EtcdClient, type HeldLease, op } from '@org/etcd-naming';
import { readTraits, register, type Registration, registerEtcdResolver, type ServiceDirectory } from '@org/etcd-naming';`,
  scene: `
  client: EtcdClient;
  registration: Registration;
  directory: ServiceDirectory;
  lease: HeldLease;
  revision: bigint;
  web: ChannelTarget;
  options: ChannelOptions;
  roundRobin: ChannelOptions;
`,
};
/** The first column has programs only in the table without Consul. */
const isProgram = (code: string) => !/^(?:GET|PUT|DELETE) |^"|^web\./.test(code);

describe('a row of docs/migrating/from-consul-or-static.md does what its case says', function () {
  this.timeout(60_000);
  let etcd: EtcdHandle;
  let admin: EtcdClient;
  let programs: Programs;
  let servers: NamedServer[];

  before(async function () {
    this.timeout(300_000);
    skipIfExternal(this);
    etcd = await startEtcd();
    admin = new EtcdClient({ endpoints: etcd.endpoints });
    servers = [await NamedServer.start('one'), await NamedServer.start('two')];
    const path = 'docs/migrating/from-consul-or-static.md';
    const before = rows.map((row) => ({ ...row, before: isProgram(row.before) ? row.before : 'undefined' }));
    programs = await compileRows({ path, rows: before, before: side, after: side }, withAddresses);
  });

  after(async () => {
    if (programs) rmSync(programs.folder, { recursive: true, force: true });
    for (const server of servers ?? []) server.stop();
    await admin?.close();
    await etcd?.close();
  });

  const withAddresses = (code: string) =>
    code
      .replaceAll('127.0.0.1:2379', etcd.endpoints[0] ?? '')
      .replaceAll(':50051', `:${servers[0]?.port}`)
      .replaceAll(':50052', `:${servers[1]?.port}`);

  for (const [index, row] of rows.entries()) {
    const one = staticCases[row.before];
    if (!one) continue; // a unit test names it
    it(row.before, async () => {
      if ('before' in one) await perform(row.before, programs.before[index], one.before);
      if (row.after !== undefined) await perform(row.after, programs.after[index], one.ours);
    });
  }

  async function perform(code: string, program: Program | undefined, expected: Expected): Promise<void> {
    for (const id of await admin.lease.list()) await admin.lease.revoke(id);
    await admin.kv.delete({ prefix: '' });
    for (const [key, value] of Object.entries({ 'p/a': '1', 'p/b': '2', k: 'v' }))
      await admin.kv.put(key, value);
    const { revision } = await admin.kv.get('k');
    await using client = new EtcdClient({ endpoints: etcd.endpoints });
    await using directory = new ServiceDirectory(client);
    const scene: Record<string, unknown> = { client, directory, revision, web: channelTarget('web') };
    scene['options'] = unproxied;
    scene['roundRobin'] = { 'grpc.service_config': '{"loadBalancingConfig":[{"round_robin":{}}]}' };
    if (/(?<!\.)\blease\.\w/.test(code)) scene['lease'] = await client.lease.hold({ ttlSeconds: 60 });
    if (/registration|directory|keysOnly/.test(code))
      scene['registration'] = await register(client, { target: 'web', addr: '10.0.0.7:8080' });
    if (code.includes('web.target')) await addServers();
    using _ = registerEtcdResolver(client);
    const running = Promise.resolve(program?.(scene));
    await check(expected, running, { admin } as Outcome);
    await end(await running, scene['registration'], scene['lease']);
  }

  async function addServers(): Promise<void> {
    const manager = new EndpointManager(admin, 'web');
    for (const { name, addr } of servers) await manager.addEndpoint(`web/${name}`, { addr });
  }
});
