import assert from 'node:assert/strict';
import {
  diagnosticsChannels,
  EndpointPicker,
  EtcdClient,
  type EtcdNamespace,
  register,
  ServiceDirectory,
} from '@org/etcd-naming';
import { kratos } from '@org/etcd-naming/codecs';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { usePublished } from '../../support/published.js';
import { folderOf } from '../client/support.js';

describe('what the diagnostics show of a namespace', () => {
  const etcd = useEtcd();
  let client: EtcdClient;
  let namespace: EtcdNamespace;
  let folder: string;
  const registrations = usePublished(diagnosticsChannels.registration);
  const directories = usePublished(diagnosticsChannels.directory);
  const locks = usePublished(diagnosticsChannels.lock);
  const elections = usePublished(diagnosticsChannels.election);

  beforeEach(() => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    folder = folderOf(etcd());
    namespace = client.namespace(folder);
  });
  afterEach(() => client.close());

  it('is the key of a registration as the server sees it', async () => {
    const registration = await register(namespace, { target: 'svc', addr: '10.0.0.1:1' });
    const key = `${folder}${registration.key}`;
    assert.ok(await client.kv.get(key));
    assert.deepEqual(
      client.metrics().registrations.map((shown) => shown.key),
      [key],
    );
    await registration.close();
    assert.deepEqual([...new Set(registrations().map((event) => event.key))], [key]);
  });

  it('is the target of a service, and the key of an endpoint, as the server sees them', async () => {
    await using inside = new ServiceDirectory(namespace);
    await using outside = new ServiceDirectory(client);
    using _picker = new EndpointPicker(namespace, 'svc');
    const registration = await register(namespace, { target: 'svc', addr: '10.0.0.1:1' });
    const ignore = { onView: () => {}, onFailure: () => {} };
    inside.follow('svc', ignore);
    outside.follow('svc', ignore);
    await inside.ready('svc');
    const states = () => client.metrics().services.map(({ target, state }) => `${target} ${state}`);
    const expected = [`${folder}svc known`, 'svc empty'].sort().join();
    await eventually(`the states are ${expected}`, () => states().sort().join() === expected);
    assert.deepEqual(
      client.metrics().resolvers.map(({ target }) => target),
      [`${folder}svc`],
    );
    const left = inside.departures('svc')[Symbol.asyncIterator]();
    const next = left.next();
    await registration.close();
    const { value } = await next;
    assert.equal(value?.target, 'svc');
    await left.return?.();
    const departed = directories().find((event) => event.type === 'departed');
    assert.ok(departed?.type === 'departed');
    assert.deepEqual([departed.target, departed.key], [`${folder}svc`, `${folder}${registration.key}`]);
  });

  it('is the codec of a service of another format', async () => {
    using _picker = new EndpointPicker(namespace, 'svc', { codec: kratos() });
    using _other = new EndpointPicker(namespace, 'svc');
    const { services, resolvers } = client.metrics();
    for (const shown of [services, resolvers])
      assert.deepEqual(
        shown.map(({ target, codec }) => [target, codec]),
        [
          [`${folder}svc`, 'kratos'],
          [`${folder}svc`, undefined],
        ],
      );
  });

  it('is the name of a lock and of an election as the server sees it', async () => {
    await (await namespace.lock('jobs')).release();
    for await (const term of namespace.election.campaign('leader', 'me')) {
      await term.resign();
      break;
    }
    for (const [events, name] of [
      [locks(), 'jobs'],
      [elections(), 'leader'],
    ] as const) {
      assert.ok(events.length > 0);
      assert.deepEqual([...new Set(events.map((event) => event.name))], [`${folder}${name}`]);
    }
  });
});
