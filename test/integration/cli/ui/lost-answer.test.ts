import assert from 'node:assert/strict';
import { RecordActions } from '#src/cli/ui/actions/index.js';
import type { ActionName } from '#src/cli/ui/protocol/index.js';
import { EtcdClient } from '#src/client/index.js';
import type { TxnResult } from '#src/kv/index.js';
import { type FaultProxy, startFaultProxy } from '#src/testing/index.js';
import { eventually } from '../../../support/eventually.js';
import { apiError, optionsOf, requestFor, signal, useActions } from './actions-fixture.js';

describe('an action of the page whose connection is lost with its transaction', () => {
  const { etcd, fixture } = useActions();
  let link: FaultProxy;
  let proxied: EtcdClient;
  let key: string;

  beforeEach(async () => {
    link = await startFaultProxy({ target: etcd().endpoints[0]! });
    proxied = new EtcdClient({ endpoints: [link.endpoint], timeoutMs: 3_000 });
    key = `${fixture.prefix}shop/e1`;
    await put('{"Addr":"10.0.0.1:1"}');
    await proxied.kv.get(key);
  });

  afterEach(async () => {
    await proxied.close();
    await link.close();
  });

  const put = (value: string) => fixture.client.kv.put(key, value);
  const stored = async () => (await fixture.client.kv.get(key)).kv;

  /** Performs an action whose transaction `around` surrounds. */
  async function perform(
    action: ActionName,
    around: (txn: () => Promise<TxnResult>) => Promise<TxnResult>,
    page = signal,
  ) {
    const request = await requestFor(fixture.client, action, key);
    const { txn } = proxied.kv;
    proxied.kv.txn = (...args) => around(() => txn.apply(proxied.kv, args));
    return new RecordActions(optionsOf(proxied, fixture.prefix)).perform(request, page);
  }

  /** Lets etcd apply the transaction, and loses its answer. */
  async function losingAnswer(
    txn: () => Promise<TxnResult>,
    afterwards = async () => {},
    restore = () => link.heal(),
  ): Promise<TxnResult> {
    const modRevision = (await stored())?.modRevision;
    link.delay({ up: 0, down: 3_600_000 });
    const sent = txn();
    sent.catch(() => {});
    await eventually('etcd applied it', async () => (await stored())?.modRevision !== modRevision);
    await afterwards();
    link.cut();
    restore();
    return sent;
  }

  it('has succeeded if the record is as the action leaves it, written once', async () => {
    const { revision, changed } = await perform('drain', (txn) => losingAnswer(txn));
    assert.deepEqual([revision, changed], [String((await stored())?.modRevision), true]);
  });

  it('is ambiguous if the record was written again since', async () => {
    const performed = perform('drain', (txn) =>
      losingAnswer(txn, async () => void (await put('{"Addr":"10.0.0.1:1"}'))),
    );
    await assert.rejects(performed, apiError('ambiguous', /answer of etcd was lost; .* was written since/));
  });

  it('is ambiguous if a removed record is gone: another process may have deleted it', async () => {
    await assert.rejects(
      perform('remove', (txn) => losingAnswer(txn)),
      apiError('ambiguous', /is gone, perhaps by another process/),
    );
  });

  /** Loses the transaction before etcd receives it. */
  async function losingRequest(txn: () => Promise<TxnResult>, afterwards = async () => {}) {
    link.cutAfterBytes(0, 'up');
    try {
      return await txn();
    } finally {
      await afterwards();
    }
  }

  it('is ambiguous while the record is unchanged, because the request may still arrive', async () => {
    await assert.rejects(
      perform('drain', (txn) => losingRequest(txn)),
      apiError('ambiguous', /has not changed so far, but may still change/),
    );
    assert.equal((await stored())?.version, 1n);
  });

  for (const action of ['drain', 'remove'] as const)
    it(`is a conflict if another write is proven to have come before the ${action}`, async () => {
      const performed = perform(action, (txn) =>
        losingRequest(txn, async () => void (await put('{"Addr":"10.0.0.2:2"}'))),
      );
      await assert.rejects(performed, apiError('conflict', /was changed by another process/));
    });

  it('is ambiguous if etcd cannot be reached afterwards', async () => {
    const lost = perform('drain', (txn) =>
      losingAnswer(
        txn,
        async () => {},
        () => link.refuse(),
      ),
    );
    await assert.rejects(lost, apiError('ambiguous', /./));
  });

  it('is written even if the page goes away meanwhile', async () => {
    const page = new AbortController();
    const performed = perform(
      'drain',
      (txn) => {
        page.abort();
        return txn();
      },
      page.signal,
    );
    assert.equal((await performed).changed, true);
    assert.equal((await stored())?.version, 2n);
  });

  it('is not written if the page went away before', async () => {
    const page = new AbortController();
    const request = await requestFor(fixture.client, 'drain', key);
    const { get } = proxied.kv;
    proxied.kv.get = async (...args) => {
      const result = await get.apply(proxied.kv, args);
      page.abort();
      return result;
    };
    const actions = new RecordActions(optionsOf(proxied, fixture.prefix));
    await assert.rejects(actions.perform(request, page.signal), { name: 'AbortError' });
    assert.equal((await stored())?.version, 1n);
  });
});
