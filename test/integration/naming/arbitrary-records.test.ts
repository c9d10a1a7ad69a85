import assert from 'node:assert/strict';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, ServiceDirectory } from '#src/naming/index.js';
import { randomBytes } from '../../fuzz/records/target.js';
import { Random } from '../../sim/random.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import { expectNoSocketLeft } from '../../support/sockets.js';
import { CommandRunner } from '../cli/support.js';

const deep = (name: string, depth: number) =>
  Buffer.from(`{"Addr":"deep:1","${name}":${'['.repeat(depth)}${']'.repeat(depth)}}`);

/** Records that once made a service unavailable to callers, or crashed the command. */
const known = [deep('Op', 7_000), deep('Addr', 7_000), deep('Metadata', 4_000), deep('Metadata', 9_999)];

describe('a good endpoint beside arbitrary bytes', function () {
  this.timeout(120_000);
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  const seed = Math.floor(Math.random() * 2 ** 31);
  let target: string;
  let manager: EndpointManager;

  beforeEach('a server, and values that any client may have stored', async () => {
    const client = opened.client(etcd().endpoints);
    const server = await opened.server('good');
    target = `${etcd().prefix}arbitrary-${seed}/svc`;
    manager = new EndpointManager(client, target);
    const random = new Random(seed);
    const values = [...known, ...Array.from({ length: 200 }, () => randomBytes(random))];
    for (const [i, value] of values.entries()) await client.kv.put(`${target}/~${i}`, value);
    await manager.addEndpoint(`${target}/good`, { addr: server.addr });
  });

  afterEach(async () => {
    await opened.client(etcd().endpoints).kv.delete({ prefix: target });
    await opened.close();
  });

  it(`is listed, watched, followed and called (seed ${seed})`, async () => {
    const isGood = (endpoints: Iterable<{ readonly key: string }>) =>
      [...endpoints].some(({ key }) => key === `${target}/good`);
    assert.ok(isGood((await manager.list()).values()), 'list()');
    const view = opened.view(manager);
    await eventually('watch() reports it', () => isGood(view.endpoints.values()));
    const client = opened.client(etcd().endpoints);
    const directory = new ServiceDirectory(client);
    opened.add(directory, (one) => one.close());
    assert.ok(isGood((await directory.ready(target)).endpoints), 'ready()');
    const filter = ({ key }: { readonly key: string }) => key === `${target}/good`;
    opened.add(registerEtcdResolver(directory, { filter }), (one) => one[Symbol.dispose]());
    assert.equal(await opened.caller(`etcd:///${target}`).call(), 'good');
  });

  for (const args of [['ls'], ['ls', '--json'], ['get'], ['get', '--json'], ['doctor', '--json']]) {
    it(`is shown by the command: ${args.join(' ')} (seed ${seed})`, async () => {
      const [verb = '', ...options] = args;
      const { code, stdout, stderr } = await commands.run(verb, target, ...options);
      assert.ok(code === 0 || verb === 'doctor', stderr.slice(0, 2_000));
      assert.ok(!/RangeError|call stack/.test(stderr), stderr.slice(0, 2_000));
      if (options.length === 0) assert.match(stdout, /good/);
      else assert.ok(JSON.stringify(JSON.parse(stdout)?.target ?? '').includes(target));
    });
  }
});
