import assert from 'node:assert/strict';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { skip, useEtcd } from '../support/etcd.js';
import { Opened } from '../support/naming/opened.js';
import { GoNaming, goOrSkip } from './support/go-naming.js';
import { addResult } from './support/table.js';

/** The services of the tests; each has a server that answers with the service's name. */
const services = [
  'foo',
  'foo x',
  'foo/',
  '/foo',
  'bar/svc',
  'foo/bar/svc',
  'a/b',
  'café',
  'foo2',
  'svc',
  '..',
];

/** A target, and the service that both resolve it to, or Go's and ours. */
const targets: readonly (readonly [target: string, go: string, ours?: string])[] = [
  ['etcd:///foo', 'foo'],
  ['etcd:foo', 'foo'],
  ['etcd:/foo', 'foo'],
  ['etcd:///foo%20x', 'foo x'],
  ['etcd:///foo%20x?y=1#z', 'foo x'],
  ['etcd:///foo/', 'foo/'],
  ['etcd:////foo', '/foo'],
  ['etcd:///a%2Fb', 'a/b'],
  ['etcd:///caf%C3%A9', 'café'],
  ['etcd:///café', 'café'],
  ['etcd:///foo2', 'foo2'],
  ['etcd:///..', '..'],
  ['etcd:///foo/bar/svc', 'foo/bar/svc'],
  // etcd's guide dials this for the service foo/bar/svc; Go takes `foo` as an authority and drops it.
  ['etcd://foo/bar/svc', 'bar/svc', 'foo/bar/svc'],
];

describe('a target dialled by Go and by us', function () {
  this.timeout(60_000);
  const opened = new Opened();
  // Registered before the etcd's own hook, which requires that no watcher is left.
  after(async () => {
    const agreed = targets.filter(([target, , ours]) => ours === undefined && passed.has(target)).length;
    if (agreed > 0)
      addResult({
        wrote: 'either',
        what: `${agreed} forms of target: opaque, slashes, escapes, query, fragment`,
        read: 'both, dialled',
        bytes: 'n/a',
        result: 'same service',
      });
    await opened.close();
  });

  const etcd = useEtcd();
  let go: GoNaming;
  const passed = new Set<string>();

  before(async function () {
    await goOrSkip(this);
    // The targets are fixed, so a random prefix cannot be added.
    if (etcd().prefix !== '') skip(this, 'the etcd is external');
    const client = opened.client(etcd().endpoints);
    opened.add(registerEtcdResolver(client), (resolver) => resolver[Symbol.dispose]());
    go = opened.add(await GoNaming.start(etcd().endpoints), (program) => program.close());
    for (const service of services) {
      const { addr } = await opened.server(service);
      await new EndpointManager(client, service).addEndpoint(`${service}/1`, { addr });
    }
  });

  for (const [target, goService, ourService = goService] of targets) {
    const same = goService === ourService;
    it(`${target} is ${same ? `'${goService}' to both` : `'${goService}' to Go and '${ourService}' to us`}`, async () => {
      const channel = await go.dial(target);
      // Nested keys also belong to the parent service, so calls must reach every server.
      const { answers, failures } = await channel.call(12, 10_000);
      assert.deepEqual(failures, {});
      const ours = await opened.caller(target).calls(12);
      const below = (service: string) =>
        services.filter((name) => `${name}/1`.startsWith(`${service}/`)).sort();
      assert.deepEqual(Object.keys(answers).sort(), below(goService));
      assert.deepEqual(Object.keys(ours).sort(), below(ourService));
      passed.add(target);
      if (!same)
        addResult({
          wrote: 'either',
          what: `dialled as \`${target}\``,
          read: 'both',
          bytes: 'n/a',
          result: `Go resolves \`${goService}\`, ours \`${ourService}\`, as in etcd’s guide`,
        });
    });
  }

  it('is rejected by both when it names no service', async () => {
    const channel = await go.dial('etcd:///');
    const { failures } = await channel.call(1, 5_000);
    assert.match(Object.keys(failures)[0]!, /invalid target/);
    await assert.rejects(opened.caller('etcd:///').call(), /invalid target/);
  });
});
