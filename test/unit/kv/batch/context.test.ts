import { deepEqual } from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { systemClock } from '#src/async/index.js';
import { Code, EtcdError } from '#src/errors/index.js';
import { type BatcherPorts, batchLimits, ReadBatcher } from '#src/kv/batch/index.js';
import { noOptions } from '#src/model/index.js';

const callers = ['first caller', 'second caller', 'third caller'];

describe('the asynchronous context of a read that becomes a call of its own', () => {
  const context = new AsyncLocalStorage<string>();
  let isFailing: boolean;
  let batches: number;
  let contexts: (string | undefined)[];
  let batcher: ReadBatcher;

  beforeEach(() => {
    isFailing = false;
    batches = 0;
    contexts = [];
    batcher = new ReadBatcher({
      clock: systemClock,
      timeoutMs: 1_000,
      limits: batchLimits({ maxTxnOps: 128, maxRequestBytes: 1_000_000, maxReceiveBytes: 1_000_000 }),
      calls: {
        store: { epoch: 0, replacedSince: () => undefined },
        connectionAt: () => ({ id: 1, member: {} }),
        factsOf: () => Promise.resolve({ version: '3.7.1', memberId: 1n, isLearner: false, isMember: true }),
        send: () => {
          batches++;
          const lost = new EtcdError('lost', { code: Code.UNAVAILABLE, verdict: 'maybe-applied' });
          return {
            answer: isFailing ? Promise.reject(lost) : Promise.resolve({ header: undefined, kvs: [] }),
            endsAt: Number.POSITIVE_INFINITY,
            failedWith: () => undefined,
          };
        },
        beforeAnswer() {},
        trace: () => undefined,
        keepProcessAlive() {},
        allowExit() {},
        range(caller: { resolve(result: object): void }) {
          contexts.push(context.getStore());
          caller.resolve({ kv: undefined, revision: 1n });
        },
      },
    } as unknown as BatcherPorts);
  });

  const readAll = () =>
    Promise.all(callers.map((name) => context.run(name, () => batcher.get(Buffer.from(name), noOptions))));

  it('is that of its caller before the server is known', async () => {
    await readAll();
    deepEqual([contexts, batches], [callers, 0]);
  });

  it('is that of its caller after a batch that failed', async () => {
    await readAll();
    contexts = [];
    isFailing = true;
    await readAll();
    deepEqual([contexts, batches], [callers, 1]);
  });
});
