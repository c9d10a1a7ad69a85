import { equal, rejects } from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { InvalidInputError } from '#src/errors/index.js';
import { type KvClient, KvClientImpl, namespacedKvCalls, op } from '#src/kv/index.js';
import type { KvCalls } from '#src/wire/index.js';

/** Calls that never settle, and of whose promises there is one. */
const pending = new Promise<never>(() => {});
const calls = {
  range: () => pending,
  put: () => pending,
  deleteRange: () => pending,
  txn: () => pending,
} as unknown as KvCalls;

/** The number of promises that are created while `work` runs. */
function promisesOf(work: () => unknown): number {
  let count = 0;
  const hook = createHook({
    init(_, type) {
      if (type === 'PROMISE') count++;
    },
  });
  hook.enable();
  work();
  hook.disable();
  return count;
}

const operations: Readonly<Record<string, (kv: KvClient) => Promise<unknown>>> = {
  get: (kv) => kv.get('k'),
  range: (kv) => kv.range({ prefix: 'k' }),
  put: (kv) => kv.put('k', 'v'),
  delete: (kv) => kv.delete('k'),
  txn: (kv) => kv.txn({ success: [op.put('k', 'v')] }),
};
const wrong: Readonly<Record<string, (kv: KvClient) => Promise<unknown>>> = {
  get: (kv) => kv.get(''),
  range: (kv) => kv.range({ prefix: 'k' }, { limit: -1 }),
  put: (kv) => kv.put('', 'v'),
  delete: (kv) => kv.delete('', { prevKv: 1 as unknown as boolean }),
  txn: (kv) => kv.txn({ success: [op.put('k', 'v'), op.put('k', 'v')] }),
};

for (const [where, kv] of [
  ['a KV client', new KvClientImpl(calls, 128)],
  ['a namespace', new KvClientImpl(namespacedKvCalls(calls, Buffer.from('ns/')), 128)],
] as const) {
  describe(`the promises of ${where}`, () => {
    for (const [name, start] of Object.entries(operations)) {
      it(`${name} returns the promise of its call, without another one`, () => {
        equal(
          promisesOf(() => start(kv)),
          0,
        );
      });
    }

    for (const [name, start] of Object.entries(wrong)) {
      it(`${name} rejects invalid input, and never throws it`, () => rejects(start(kv), InvalidInputError));
    }
  });
}
