import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { CompactedError, DeadlineError, EtcdError, errorFor } from '#src/errors/index.js';
import { encodeEndpoint, type RegistrationEvent, register } from '#src/naming/index.js';
import { FakeRegistry } from './fake-registry.js';

// Full jitter from 200 ms: in 1.5 s three or four pauses per kind of retry, and rarely twice as many.
const forMs = 1_500;
const maxRequests = 60;

describe('a registration whose first record is not stored in time', () => {
  it('rejects with the reason of the refusal, not with the deadline of its last request', async () => {
    const registry = new FakeRegistry();
    const refused = new EtcdError('etcdserver: too many requests', { code: 14, verdict: 'not-applied' });
    registry.onTxn = () => {
      registry.onTxn = () => {
        throw new DeadlineError('no token before the deadline', { verdict: 'not-applied' });
      };
      throw refused;
    };
    await assert.rejects(
      register(registry.client, { target: 'svc', addr: '10.0.0.7:1', timeoutMs: 500 }),
      (error) => error instanceof DeadlineError && error.cause === refused,
    );
  });
});

describe('a registration whose etcd repeats the same answer', () => {
  const endpoint = { addr: '10.0.0.7:1' };
  const own = encodeEndpoint(endpoint);
  const other = encodeEndpoint({ addr: '10.9.9.9:1' });
  const resumed = { events: [], nextRevision: 11n, resumed: true } as const;
  const compacted = function* () {
    yield* [];
    throw new CompactedError('mvcc: required revision has been compacted', 11n);
  };

  const scripts: Readonly<Record<string, (registry: FakeRegistry) => void>> = {
    'a claim is refused although the key has no record': (registry) => {
      registry.onTxn = () => [];
    },
    'a claim is refused although the record is its own': (registry) => {
      registry.onTxn = () => [registry.record({ value: own })];
    },
    'another registration has the key, which is free immediately afterwards': (registry) => {
      registry.onTxn = () => [registry.record({ value: other, lease: 99n })];
      registry.onWatch = () => [resumed];
      registry.onGet = () => ({ revision: 11n });
    },
    'another registration has the key, whose history is compacted': (registry) => {
      registry.onTxn = () => [registry.record({ value: other, lease: 99n })];
      registry.onWatch = compacted;
      registry.onGet = () => ({ revision: 11n, kv: registry.record({ value: other, lease: 99n }) });
    },
    'the watch of its record is compacted': (registry) => {
      registry.onWatch = compacted;
      registry.onGet = () => ({ revision: 11n, kv: registry.record({ value: own }) });
    },
    'its record is deleted as soon as it is stored': (registry) => {
      registry.onWatch = () => [resumed];
      registry.onGet = () => ({ revision: 11n });
    },
    'its record has another address as soon as it is stored': (registry) => {
      let revision = 10n;
      registry.onTxn = () => revision++;
      registry.onWatch = function* () {
        for (;;) {
          const kv = registry.record({ value: other, modRevision: ++revision });
          yield { events: [{ type: 'put', kv }], nextRevision: revision + 1n };
        }
      };
    },
    'its record is deleted, and the state of its lease is unknown': (registry) => {
      registry.onWatch = () => [resumed];
      registry.onGet = () => ({ revision: 11n });
      registry.onTimeToLive = () => {
        throw new EtcdError('etcdserver: request timed out', { code: 14, verdict: 'not-applied' });
      };
    },
    'its key cannot be read': (registry) => {
      registry.onWatch = () => [resumed];
      registry.onGet = () => {
        throw new EtcdError('etcdserver: request timed out', { code: 14, verdict: 'not-applied' });
      };
    },
  };

  /** The requests that a registration sends in the time that is measured. */
  async function requestsOf(script: (registry: FakeRegistry) => void): Promise<FakeRegistry> {
    const registry = new FakeRegistry();
    script(registry);
    const end = new AbortController();
    const options = { target: 'svc', id: 'e', ...endpoint, signal: end.signal };
    const registering = register(registry.client, options).catch(() => undefined);
    await sleep(forMs); // the test measures a rate
    end.abort();
    const registration = await registering;
    await registration?.close();
    return registry;
  }

  const measured = new Map<string, Promise<FakeRegistry>>();

  // All at once: each only waits.
  before(() => {
    for (const [circumstance, script] of Object.entries(scripts))
      measured.set(circumstance, requestsOf(script));
  });

  for (const circumstance of Object.keys(scripts)) {
    it(`paces its requests if ${circumstance}`, async function () {
      this.timeout(20_000);
      const registry = await measured.get(circumstance);
      const { requests, counts } = registry ?? assert.fail('it was not measured');
      assert.ok(requests <= maxRequests, `${requests} requests: ${JSON.stringify(counts)}`);
      assert.ok(requests > 2, `${requests} requests`);
    });
  }

  it('paces the writes of an update that is refused repeatedly', async function () {
    this.timeout(20_000);
    const registry = new FakeRegistry();
    const registration = await register(registry.client, { target: 'svc', id: 'e', ...endpoint });
    registry.onTxn = () => [registry.record({ value: own })];
    const end = new AbortController();
    const updating = registration.update({ metadata: 1 }, { signal: end.signal });
    await sleep(forMs);
    const { txn } = registry.counts;
    end.abort();
    await assert.rejects(updating);
    await registration.close();
    assert.ok(txn > 1 && txn <= 20, `${txn} writes`);
  });

  it('paces the writes of an update that is refused for lack of space, and reports the failure', async function () {
    this.timeout(20_000);
    const registry = new FakeRegistry();
    const registration = await register(registry.client, { target: 'svc', id: 'e', ...endpoint });
    const events: RegistrationEvent[] = [];
    void (async () => {
      for await (const event of registration.events()) events.push(event);
    })();
    registry.onTxn = () => {
      throw errorFor('NoSpace');
    };
    registry.counts.txn = 0;
    const updates: Promise<void>[] = [];
    const end = performance.now() + forMs;
    while (performance.now() < end) {
      const update = registration.update({ metadata: updates.length }, { timeoutMs: 500 });
      update.catch(() => {}); // checked below
      updates.push(update);
      await sleep(50); // like a weight reporter
    }
    const { txn } = registry.counts;
    assert.ok(txn > 1 && txn <= 20, `${txn} writes`);
    assert.equal(registration.state, 'outdated');
    assert.match(registration.lastError?.message ?? '', /space exceeded/);
    assert.ok(events.some((event) => event.type === 'failure' && event.error.reason === 'NoSpace'));
    for (const result of await Promise.allSettled(updates))
      assert.ok(result.status === 'rejected' && result.reason instanceof DeadlineError);
    registry.onTxn = () => 11n;
    await registration.update({ metadata: 'at last' });
    assert.deepEqual([registration.state, registration.lastError], ['registered', undefined]);
    await registration.close();
  });
});
