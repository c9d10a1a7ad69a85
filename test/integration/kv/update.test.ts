import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import {
  AmbiguousWriteError,
  ClosedError,
  ContentionError,
  DeadlineError,
  InvalidInputError,
} from '#src/errors/index.js';
import { decode, type KvUpdateFunction } from '#src/kv/index.js';
import type { FaultProxy } from '#src/testing/index.js';
import { grpcCounter, useEtcd } from '../../support/etcd.js';
import { withoutPrototypes } from '../../support/without-prototypes.js';
import { eventually, folderOf, useClients } from '../client/support.js';

const increment: KvUpdateFunction = (kv) => String((decode.number(kv) ?? 0) + 1);

describe('update', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  let client: EtcdClient;
  let key: string;

  beforeEach(() => {
    client = connect(etcd().endpoints);
    key = `${folderOf(etcd())}k`;
  });

  const stored = async () => (await client.kv.get(key)).kv;

  describe('without other clients', () => {
    it('creates the key, replaces its value and deletes it, and returns what is stored then', async () => {
      const created = await client.kv.update(key, () => 'first');
      assert.equal(created.type, 'put');
      assert.equal(created.prevKv, undefined);
      assert.deepEqual(withoutPrototypes(created.kv), withoutPrototypes(await stored()));
      const replaced = await client.kv.update(key, (kv) => `${kv?.value}, second`);
      assert.deepEqual(withoutPrototypes(replaced.prevKv), withoutPrototypes(created.kv));
      assert.deepEqual(withoutPrototypes(replaced.kv), withoutPrototypes(await stored()));
      assert.equal(String(replaced.kv?.value), 'first, second');
      assert.equal(replaced.revision, replaced.kv?.modRevision);
      const deleted = await client.kv.update(key, async () => null);
      assert.deepEqual([deleted.type, deleted.kv, deleted.attempts], ['delete', undefined, 1]);
      assert.equal(await stored(), undefined);
      assert.ok(deleted.revision > replaced.revision);
    });

    it('writes nothing for undefined, and for null if there is no key', async () => {
      const { revision } = await client.kv.put(key, 'v');
      const left = await client.kv.update(key, () => undefined);
      assert.deepEqual([left.type, left.attempts, left.revision], ['unchanged', 0, revision]);
      assert.deepEqual(withoutPrototypes(left.kv), withoutPrototypes(await stored()));
      const none = await client.kv.update(`${key}-none`, () => null);
      assert.deepEqual([none.type, none.kv], ['unchanged', undefined]);
      assert.equal((await client.kv.get(key)).revision, revision);
    });

    it('keeps the lease of a key unless another is given, and 0n detaches the key', async () => {
      const [one, other] = [
        await client.lease.grant({ ttlSeconds: 60 }),
        await client.lease.grant({ ttlSeconds: 60 }),
      ];
      await client.kv.update(key, increment, { lease: one.id });
      assert.equal((await client.kv.update(key, increment)).kv?.lease, one.id);
      assert.equal((await stored())?.lease, one.id);
      assert.equal((await client.kv.update(key, increment, { lease: other.id })).kv?.lease, other.id);
      assert.equal((await stored())?.lease, other.id);
      assert.equal((await client.kv.update(key, increment, { lease: 0n })).kv?.lease, 0n);
      assert.equal((await stored())?.lease, 0n);
    });

    it('rejects with what the function throws, and with an abort, a deadline or a close while it runs', async () => {
      const own = new Error('own');
      await assert.rejects(
        client.kv.update(key, () => {
          throw own;
        }),
        (error) => error === own,
      );
      await assert.rejects(
        client.kv.update(key, () => Promise.reject(undefined)),
        (error) => error === undefined,
      );
      const never = () => new Promise<undefined>(() => {});
      const reason = new Error('enough');
      const abort = new AbortController();
      const aborting = client.kv.update(
        key,
        () => {
          abort.abort(reason);
          return never();
        },
        { signal: abort.signal },
      );
      await assert.rejects(aborting, (error) => error === reason);
      await assert.rejects(client.kv.update(key, never, { timeoutMs: 50 }), (error) => {
        assert.ok(error instanceof DeadlineError);
        assert.match(error.message, /the function of update '.*k' returned nothing within 50 ms/);
        assert.equal(error.verdict, 'not-applied');
        return true;
      });
      const closing = client.kv.update(key, () => {
        void client.close();
        return never();
      });
      await assert.rejects(closing, ClosedError);
    });

    it('refuses a range, a missing function, unknown options and a value of another type', async () => {
      const anyKv = client.kv as unknown as { update(...args: unknown[]): Promise<unknown> };
      const rows: readonly (readonly [unknown[], RegExp])[] = [
        [[{ prefix: 'a' }, increment], /the key of update\(\)/],
        [['', increment], /the key is empty/],
        [[key], /update is undefined/],
        [[key, increment, { retries: 3 }], /unknown option 'retries'; did you mean 'maxAttempts'\?/],
        [[key, increment, { maxAttempts: 0 }], /maxAttempts is 0/],
        [[key, () => 7], /what the function of update '.*k' returned is a number; .* pass String\(value\)/],
      ];
      for (const [args, message] of rows) {
        await assert.rejects(anyKv.update(...args), (error) => {
          assert.ok(error instanceof InvalidInputError, String(error));
          assert.match(error.message, message);
          return true;
        });
      }
    });

    it('works inside a namespace, whose keys have no prefix', async () => {
      const inside = client.namespace(key);
      const { kv } = await inside.kv.update('n', increment);
      assert.equal(String(kv?.key), 'n');
      assert.equal(String((await client.kv.get(`${key}n`)).kv?.value), '1');
      assert.deepEqual(withoutPrototypes((await inside.kv.get('n')).kv), withoutPrototypes(kv));
    });

    it('returns and sends again the bytes that the function returned, although it changes them later', async () => {
      const bytes = Buffer.from('as returned');
      const updating = client.kv.update(key, () => {
        setImmediate(() => bytes.fill('x')); // before the answer
        return bytes;
      });
      assert.equal(String((await updating).kv?.value), 'as returned');
      assert.equal(String((await stored())?.value), 'as returned');
    });
  });

  describe('while other clients write the key', () => {
    it('calls the function again with the new key-value, which the refused transaction read', async () => {
      const ranges = () => grpcCounter(etcd(), 'grpc_server_handled_total', 'Range');
      await stored();
      const before = await ranges();
      const seen: string[] = [];
      const { attempts, revision, kv } = await client.kv.update(key, async (found) => {
        seen.push(String(found?.value));
        if (seen.length === 1) await client.kv.put(key, 'other');
        return `${found?.value} and own`;
      });
      assert.equal(await ranges(), before + 1);
      assert.deepEqual(seen, ['undefined', 'other']);
      assert.deepEqual([attempts, String(kv?.value)], [2, 'other and own']);
      assert.deepEqual(withoutPrototypes(kv), withoutPrototypes(await stored()));
      assert.equal(revision, kv?.modRevision);
    });

    it('does not write if the key was deleted and created with the same value', async () => {
      await client.kv.put(key, '1');
      let calls = 0;
      await client.kv.update(key, async (kv) => {
        if (++calls === 1) {
          await client.kv.delete(key);
          await client.kv.put(key, '1');
        }
        return increment(kv);
      });
      assert.equal(calls, 2);
    });

    it('throws ContentionError after maxAttempts transactions', async () => {
      let calls = 0;
      const updating = client.kv.update(
        key,
        async () => {
          await client.kv.put(key, `other ${++calls}`);
          return 'own';
        },
        { maxAttempts: 3 },
      );
      await assert.rejects(updating, (error) => {
        assert.ok(error instanceof ContentionError);
        assert.match(error.message, /^ABORTED: '.*k' was changed by other clients before each of 3 writes$/);
        assert.deepEqual([error.attempts, error.verdict], [3, 'not-applied']);
        return true;
      });
      assert.equal(calls, 3);
      assert.equal(String((await stored())?.value), 'other 3');
    });

    it('counts 50 increments of 32 concurrent callers as 1,600', async function () {
      this.timeout(120_000);
      const callers = Array.from({ length: 32 }, async () => {
        for (let i = 0; i < 50; i++)
          await client.kv.update(key, increment, { maxAttempts: 1_000, timeoutMs: 60_000 });
      });
      await Promise.all(callers);
      const kv = await stored();
      assert.deepEqual([String(kv?.value), kv?.version], ['1600', 1_600n]);
    });
  });

  describe('whose connection is lost with a transaction', () => {
    let link: FaultProxy;
    let proxied: EtcdClient;

    beforeEach(async () => {
      link = await proxy(etcd());
      proxied = connect([link.endpoint]);
      await client.kv.put(key, '1');
      await proxied.kv.get(key);
    });

    /** Delays the answers until etcd has applied the next write, then resets the connection. */
    async function loseAnswer(after: () => void = () => link.heal()): Promise<void> {
      const { modRevision } = (await stored())!;
      link.delay({ up: 0, down: 3_600_000 });
      void eventually('etcd applied the write', async () => (await stored())!.modRevision > modRevision).then(
        () => {
          link.cut();
          after();
        },
      );
    }

    it('sends it again if etcd never received it', async () => {
      let calls = 0;
      const { kv, attempts } = await proxied.kv.update(key, (found) => {
        calls++;
        link.cutAfterBytes(0, 'up');
        return increment(found);
      });
      assert.deepEqual([calls, attempts, String(kv?.value)], [1, 2, '2']);
      assert.deepEqual(withoutPrototypes(kv), withoutPrototypes(await stored()));
    });

    it('throws AmbiguousWriteError if etcd applied it: the key has changed, and etcd does not say by whom', async () => {
      let calls = 0;
      const updating = proxied.kv.update(key, async (found) => {
        calls++;
        await loseAnswer();
        return increment(found);
      });
      await assert.rejects(updating, (error) => {
        assert.ok(error instanceof AmbiguousWriteError, String(error));
        assert.equal(error.verdict, 'maybe-applied');
        return true;
      });
      assert.equal(calls, 1);
      assert.equal(String((await stored())?.value), '2');
    });

    it('calls the function again if another client’s write is proven to be the only one', async () => {
      const seen: string[] = [];
      const { kv } = await proxied.kv.update(key, async (found) => {
        seen.push(String(found?.value));
        if (seen.length === 1) {
          await client.kv.put(key, '10');
          link.cutAfterBytes(0, 'up');
        }
        return increment(found);
      });
      assert.deepEqual([seen, String(kv?.value)], [['1', '10'], '11']);
    });

    it('calls the function again with idempotent, which recognises its own write', async () => {
      const seen: string[] = [];
      const { type, kv } = await proxied.kv.update(
        key,
        async (found) => {
          seen.push(String(found?.value));
          if (String(found?.value).endsWith('mine')) return undefined;
          await loseAnswer();
          return `${found?.value} mine`;
        },
        { idempotent: true },
      );
      assert.deepEqual(seen, ['1', '1 mine']);
      assert.deepEqual([type, String(kv?.value)], ['unchanged', '1 mine']);
    });

    it('marks the error of a later attempt as maybe-applied', async () => {
      const updating = proxied.kv.update(
        key,
        async () => {
          await loseAnswer(() => link.refuse());
          return '2';
        },
        { timeoutMs: 1_000 },
      );
      await assert.rejects(updating, (error) => {
        assert.ok(error instanceof DeadlineError, String(error));
        assert.equal(error.verdict, 'maybe-applied');
        return true;
      });
    });

    it('counts each increment of callers that read the counter after an ambiguous write once', async function () {
      this.timeout(60_000);
      const ids = Array.from({ length: 20 }, (_, id) => `#${id};`);
      const add = (id: string) =>
        proxied.kv.update(key, (kv) => (kv?.value.includes(id) ? undefined : `${kv?.value}${id}`), {
          idempotent: true,
          maxAttempts: 100,
        });
      let isDone = false;
      const cutting = (async () => {
        while (!isDone) {
          link.cutAfterBytes(600, Math.random() < 0.5 ? 'up' : 'down');
          await proxied.kv.get(key);
        }
        link.heal();
      })();
      await Promise.all(ids.map(add));
      isDone = true;
      await cutting;
      const kv = (await stored())!;
      assert.deepEqual([...String(kv.value).matchAll(/#\d+;/g)].map(String).sort(), [...ids].sort());
      assert.equal(kv.version, BigInt(1 + ids.length));
    });
  });
});
