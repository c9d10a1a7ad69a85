import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import {
  type CallTrace,
  type ClientEvent,
  diagnosticsChannels,
  EtcdClient,
  encodeEndpoint,
  register,
  ServiceDirectory,
} from '@org/etcd-naming';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';

/** What was published, with the request in whose context that was. */
interface Observed {
  readonly what: string;
  readonly request: string | undefined;
}

const { call, metrics: _, ...eventChannels } = diagnosticsChannels;

describe('the asynchronous context of what a client does', () => {
  const etcd = useEtcd();
  const requests = new AsyncLocalStorage<string>();
  let observed: Observed[];
  let client: EtcdClient;
  const record = (what: string) => observed.push({ what, request: requests.getStore() });
  const onCall = { start: ({ method }: CallTrace) => void record(method) };
  const onEvent = (message: unknown, name: string | symbol) => {
    const { type } = message as ClientEvent & { readonly type?: string };
    record(`${String(name)} ${type ?? ''}`);
  };

  beforeEach(() => {
    observed = [];
    diagnosticsChannels.call.subscribe(onCall);
    for (const { name } of Object.values(eventChannels)) channel(name).subscribe(onEvent);
  });

  afterEach(async () => {
    diagnosticsChannels.call.unsubscribe(onCall);
    for (const { name } of Object.values(eventChannels)) channel(name).unsubscribe(onEvent);
    await client.close();
  });

  const requestsOf = (what: string) => observed.filter((one) => one.what === what).map((one) => one.request);
  const ofRequest = () => observed.filter(({ request }) => request !== undefined);

  it('is that of the caller for each call, also for the first, which connects', async () => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    const read = (request: string) => requests.run(request, () => client.kv.get(request));
    await Promise.all([read('a'), read('b'), requests.run('c', () => client.kv.put('c', ''))]);
    assert.deepEqual(requestsOf('Range').sort(), ['a', 'b']);
    assert.deepEqual(requestsOf('Put'), ['c']);
    assert.deepEqual(requestsOf('etcd-naming:connection connected'), [undefined]);
  });

  it('is that of no caller for what a registration and a directory do after their first request', async function () {
    skipUnlessBreakable(this, etcd());
    this.timeout(60_000);
    const target = 'services/context';
    let directory: ServiceDirectory | undefined;
    const registration = await requests.run('first request', async () => {
      client = new EtcdClient({ endpoints: etcd().endpoints });
      const registered = await register(client, { target, addr: '10.0.0.1:80', ttlSeconds: 5 });
      directory = new ServiceDirectory(client);
      await directory.ready(target);
      return registered;
    });
    const unfollow = requests.run('later request', () =>
      directory?.follow(target, { onView() {}, onFailure() {} }),
    );
    assert.deepEqual(requestsOf('LeaseGrant'), ['first request']);
    assert.deepEqual(requestsOf('Txn'), ['first request']);
    assert.ok(requestsOf('Range').includes('first request'), 'the first list of the directory');

    observed = [];
    await etcd().wipe();
    await eventually('the record is stored again', async () => (await client.kv.get(registration.key)).kv);
    const { revision } = await client.kv.put(`${target}/other`, encodeEndpoint({ addr: '10.0.0.2:80' }));
    await eventually('the directory has the new store', () => directory?.get(target)?.revision === revision);
    assert.ok(requestsOf('LeaseGrant').length > 0 && requestsOf('Txn').length > 0);
    assert.deepEqual(ofRequest(), []);
    unfollow?.();
    await directory?.close();
    await registration.close();
  });
});
