import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import type { EtcdClient, EtcdClientOptions } from '#src/client/index.js';
import { ClosedError, DeadlineError } from '#src/errors/index.js';
import { callsDuring, readerOf, untilBatched } from '../../../support/batched-reads.js';
import { skipUnlessBreakable, useEtcd } from '../../../support/etcd.js';
import { folderOf, useClients } from '../../client/support.js';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('a read that shares a transaction', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let folder: string;

  beforeEach(function () {
    skipUnlessBreakable(this, etcd());
    folder = folderOf(etcd());
  });

  async function batchingClient(options: Omit<EtcdClientOptions, 'endpoints'> = {}): Promise<EtcdClient> {
    const client = connect(etcd().endpoints, options);
    await untilBatched(etcd(), readerOf(client.kv));
    return client;
  }

  const keys = (count: number) => Array.from({ length: count }, (_, i) => `${folder}${i}`);

  /** The transactions that etcd has ended, by the name of their gRPC code. */
  async function endedTxns(): Promise<Record<string, number>> {
    const form = /^grpc_server_handled_total\{grpc_code="(\w+)".*grpc_method="Txn".*\} (\d+)$/gm;
    const counts = [...(await etcd().metrics()).matchAll(form)];
    return Object.fromEntries(counts.map(([, code = '', count]) => [code, Number(count)]));
  }

  describe('and aborts', () => {
    it('before the transaction is sent is not in it', async () => {
      const client = connect(etcd().endpoints, { maxTxnOps: 2 });
      await untilBatched(etcd(), readerOf(client.kv));
      const controller = new AbortController();
      const reason = new Error('not needed');
      let outcomes: PromiseSettledResult<unknown>[] = [];
      const calls = await callsDuring(etcd(), async () => {
        const [a, b, c] = keys(3) as [string, string, string];
        const reads = [
          client.kv.get(a),
          client.kv.get(b, { signal: controller.signal }),
          client.kv.get(c, { signal: AbortSignal.abort(reason) }),
          client.kv.get(c),
        ];
        controller.abort(reason);
        outcomes = await Promise.allSettled(reads);
      });
      assert.deepEqual(calls, { ranges: 0, txns: 1 });
      assert.deepEqual(
        outcomes.map((one) => (one.status === 'rejected' ? one.reason : one.status)),
        ['fulfilled', reason, reason, 'fulfilled'],
      );
      assert.equal(listeners(controller.signal), 0);
    });

    it('rejects at once with its own reason, and neither the others nor the transaction end', async () => {
      const client = await batchingClient();
      const before = await endedTxns();
      const signals = keys(4).map(() => new AbortController());
      await etcd().pause();
      let outcomes: Promise<PromiseSettledResult<unknown>[]>;
      try {
        const reads = keys(4).map((key, i) => client.kv.get(key, { signal: signals[i]!.signal }));
        outcomes = Promise.allSettled(reads);
        await new Promise(setImmediate);
        for (const i of [1, 2]) {
          const reason = new Error(`abort ${i}`);
          signals[i]!.abort(reason);
          await assert.rejects(reads[i]!, (error) => error === reason);
        }
      } finally {
        await etcd().resume();
      }
      assert.deepEqual(
        (await outcomes).map(({ status }) => status),
        ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
      );
      const after = await endedTxns();
      assert.equal(after['OK']! - before['OK']!, 1);
      assert.equal(after['Canceled'] ?? 0, before['Canceled'] ?? 0);
      assert.deepEqual(
        signals.map(({ signal }) => listeners(signal)),
        [0, 0, 0, 0],
      );
    });

    it('does not cancel the transaction even if all do', async () => {
      const client = await batchingClient();
      const before = await endedTxns();
      const controller = new AbortController();
      await etcd().pause();
      try {
        const reads = keys(4).map((key) => client.kv.get(key, { signal: controller.signal }));
        await new Promise(setImmediate);
        controller.abort();
        for (const { status } of await Promise.allSettled(reads)) assert.equal(status, 'rejected');
      } finally {
        await etcd().resume();
      }
      await client.kv.get(`${folder}0`);
      const after = await endedTxns();
      assert.equal(after['OK']! - before['OK']!, 1);
      assert.equal(after['Canceled'] ?? 0, before['Canceled'] ?? 0);
    });
  });

  describe('and has a deadline', () => {
    it('is not in one with a read that has much more time', async () => {
      const client = await batchingClient();
      const times = [
        { timeoutMs: 1_000 },
        { timeoutMs: 1_050 },
        { timeoutMs: 60_000 },
        { timeoutMs: 65_000 },
      ];
      const read = () =>
        Promise.all(
          [...times, { timeoutMs: Number.POSITIVE_INFINITY }, { timeoutMs: Number.POSITIVE_INFINITY }].map(
            (options, i) => client.kv.get(`${folder}${i}`, options),
          ),
        );
      assert.deepEqual(await callsDuring(etcd(), read), { ranges: 0, txns: 3 });
    });

    it('fails at its own deadline with an error of its own, as a separate read does', async () => {
      const client = await batchingClient();
      const separate = connect(etcd().endpoints, { batchReads: false });
      await separate.kv.get(`${folder}0`);
      const times = [3_350, 3_180, 3_000];
      const failures = (from: EtcdClient, ended: number[]) =>
        times.map(async (timeoutMs, i) => {
          const startedAt = performance.now();
          const error: unknown = await from.kv.get(`${folder}${i}`, { timeoutMs }).catch((e: unknown) => e);
          assert.ok(error instanceof DeadlineError, String(error));
          assert.ok(performance.now() - startedAt >= timeoutMs - 1);
          ended.push(timeoutMs);
          return error;
        });
      await etcd().pause();
      try {
        const ended: number[] = [];
        const [batched, alone] = await Promise.all([
          Promise.all(failures(client, ended)),
          Promise.all(failures(separate, [])),
        ]);
        assert.deepEqual(ended, [3_000, 3_180, 3_350], 'none waits for the longest');
        // In the text, the time is the attempt's, which is that of the whole read.
        const texts = (errors: readonly DeadlineError[]) =>
          errors.map(({ message }) => message.replaceAll(/\b(?:29|3\d)\d\d ms/g, 'MS'));
        assert.deepEqual(texts(batched), texts(alone));
        assert.deepEqual(
          batched.map(({ verdict, code, tried }) => [verdict, code, tried.length]),
          alone.map(({ verdict, code, tried }) => [verdict, code, tried.length]),
        );
        for (const [i, { message }] of batched.entries())
          assert.ok(message.includes(`Range '${folder}${i}'`), message);
        assertNothingShared(batched);
      } finally {
        await etcd().resume();
      }
      await client.kv.get(`${folder}0`);
    });
  });

  it('rejects with an error of its own when the client closes', async () => {
    const client = await batchingClient();
    await etcd().pause();
    try {
      const outcomes = Promise.allSettled([...keys(3), `${folder}0`].map((key) => client.kv.get(key)));
      await new Promise(setImmediate);
      const queued = Promise.allSettled(keys(2).map((key) => client.kv.get(key)));
      await client.close();
      const late = Promise.allSettled(keys(2).map((key) => client.kv.get(key)));
      const errors = [await outcomes, await queued, await late].flat().map((one) => {
        assert.ok(one.status === 'rejected' && one.reason instanceof ClosedError, JSON.stringify(one));
        return one.reason;
      });
      assertNothingShared(errors);
    } finally {
      await etcd().resume();
    }
  });

  for (const batchReads of [true, false]) {
    it(`was not applied if the client closes in its turn, ${batchReads ? 'in' : 'without'} a batch`, async () => {
      const client = connect(etcd().endpoints, { batchReads });
      await client.kv.get(`${folder}0`);
      const outcomes = Promise.allSettled(keys(2).map((key) => client.kv.get(key)));
      await client.close();
      for (const one of await outcomes) {
        assert.ok(one.status === 'rejected' && one.reason instanceof ClosedError, JSON.stringify(one));
        assert.equal(one.reason.verdict, 'not-applied');
      }
    });
  }

  it('is answered again after etcd was restarted, and each error names the own key', async () => {
    const client = await batchingClient({ timeoutMs: 1_500 });
    await etcd().kill();
    const outcomes = await Promise.allSettled(keys(5).map((key) => client.kv.get(key)));
    const errors = outcomes.map((one, i) => {
      assert.ok(one.status === 'rejected' && one.reason instanceof DeadlineError, JSON.stringify(one));
      assert.ok(one.reason.message.includes(`Range '${folder}${i}'`), one.reason.message);
      assert.doesNotMatch(one.reason.message, /Txn/);
      return one.reason;
    });
    assertNothingShared(errors);
    const pending = Promise.all(keys(5).map((key) => client.kv.get(key, { timeoutMs: 20_000 })));
    await etcd().restart();
    await pending;
    await untilBatched(etcd(), readerOf(client.kv));
  });
});

/** Asserts that neither the errors nor their causes are one object. */
function assertNothingShared(errors: readonly Error[]): void {
  const seen = new Set<unknown>();
  for (const error of errors) {
    for (let one: unknown = error; one instanceof Error; one = one.cause) {
      assert.ok(!seen.has(one), `shared: ${one.message}`);
      seen.add(one);
    }
  }
}
