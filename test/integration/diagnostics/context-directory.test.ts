import assert from 'node:assert/strict';
import {
  EndpointPicker,
  EtcdClient,
  encodeEndpoint,
  registerEtcdResolver,
  ServiceDirectory,
  type SnapshotStore,
} from '@org/etcd-naming';
import { ContextRecorder } from '../../support/context-recorder.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Caller } from '../../support/naming/caller.js';

describe('the asynchronous context of what follows a service', function () {
  this.timeout(90_000);
  const etcd = useEtcd();
  const recorder = new ContextRecorder();
  let client: EtcdClient;
  let directory: ServiceDirectory;
  let closers: (() => unknown)[];
  const snapshots: SnapshotStore = {
    load: async () => {
      recorder.note('load');
      return undefined;
    },
    save: async () => recorder.note('save'),
  };
  const noting = {
    onView: () => recorder.note('onView'),
    onFailure: () => recorder.note('onFailure'),
  };

  beforeEach(async () => {
    closers = [];
    client = new EtcdClient({ endpoints: etcd().endpoints, timeoutMs: 1_000 });
    directory = new ServiceDirectory(client, { snapshots, lossProtection: { protectionMs: 3_000 } });
    await client.kv.get('connected');
    recorder.start();
  });

  afterEach(async () => {
    recorder.stop();
    for (const close of closers) close();
    await directory.close();
    await client.close();
  });

  const put = (service: string, id: string, lease = 0n) =>
    client.kv.put(`services/${service}/${id}`, encodeEndpoint({ addr: `${id}:80` }), { lease });
  const request = <T>(work: () => T) => recorder.within('request', work);
  const loop = async (stream: AsyncIterable<unknown>) => {
    for await (const _ of stream);
  };

  it('is that of no caller from the first list on, however long etcd is down', async function () {
    skipUnlessBreakable(this, etcd());
    const services = ['followed', 'waited', 'subscribed', 'departures', 'picked', 'dialled'];
    for (const service of services) await put(service, 'a');
    const resolver = registerEtcdResolver(client, { serviceConfig: { prefix: 'config/' } });
    await etcd().kill();
    recorder.clear();
    request(() => {
      closers.push(directory.follow('services/followed', noting));
      void directory.ready('services/waited').catch(() => {});
      void loop(directory.subscribe('services/subscribed')).catch(() => {});
      void loop(directory.departures('services/departures')).catch(() => {});
      const picker = new EndpointPicker(directory, 'services/picked');
      const caller = new Caller('etcd:///services/dialled');
      void caller.call().catch(() => {});
      closers.push(
        () => picker.close(),
        () => caller.close(),
        () => resolver[Symbol.dispose](),
      );
    });
    const lists = 3 * services.length;
    await eventually('each is listed again', () => recorder.requestsOf('Range').length > lists, 60_000);
    assert.ok(recorder.requestsOf('onFailure').length + recorder.requestsOf('load').length > 0);
    await etcd().restart();
    const isLive = (service: string) => directory.status(`services/${service}`).source === 'live';
    await eventually('all are known', () => services.slice(0, 5).every(isLive), 30_000);
    await client.kv.delete('services/followed/a');
    const unconfirmed = () => directory.get('services/followed')?.unconfirmed.size === 1;
    await eventually('the loss is not confirmed', unconfirmed);
    const departed = () => recorder.requestsOf('etcd-naming:directory departed').length > 0;
    await eventually('the loss is confirmed', departed, 30_000);
    await eventually('the channel is updated', () => channelUpdates() > 0, 30_000);
    assert.deepEqual(recorder.ofRequests, []);
  });

  const channelUpdates = () => recorder.requestsOf('etcd-naming:resolver endpoints').length;

  it('is that of no caller when many endpoints leave, whose leases are looked up', async () => {
    const { id: lease } = await client.lease.grant({ ttlSeconds: 60 });
    const names = Array.from({ length: 20 }, (_, at) => `e${at}`);
    for (const name of names) await put('mass', name, lease);
    recorder.clear();
    await request(() => directory.ready('services/mass', { minEndpoints: names.length }));
    closers.push(request(() => directory.follow('services/mass', noting)));
    await client.lease.revoke(lease);
    const departed = () => recorder.requestsOf('etcd-naming:directory departed');
    await eventually('all have departed', () => departed().length === names.length, 30_000);
    assert.ok(recorder.requestsOf('LeaseTimeToLive').length > 0, 'the lease is looked up');
    assert.deepEqual(recorder.ofRequests, []);
  });

  it('is that of no caller for a subscriber that comes later, and for the end of the directory', async () => {
    await put('later', 'a');
    await directory.ready('services/later');
    recorder.clear();
    request(() => directory.follow('services/later', noting));
    await eventually('the view is shown', () => recorder.requestsOf('onView').length > 0);
    await request(() => directory.close());
    assert.deepEqual(recorder.requestsOf('onFailure'), [undefined]);
    assert.deepEqual(recorder.requestsOf('save'), [undefined]);
    assert.deepEqual(recorder.ofRequests, []);
  });
});
