import assert from 'node:assert/strict';
import { ClientDiagnostics } from '#src/diagnostics/index.js';
import {
  ClosedError,
  Code,
  DeadlineError,
  errorFromServer,
  PermissionDeniedError,
} from '#src/errors/index.js';
import type { RangeResult } from '#src/kv/index.js';
import { MirrorImpl, type MirrorPorts } from '#src/mirror/index.js';
import { FakeWatch, settled } from '../watch/fake-watch.js';

const diagnostics = new ClientDiagnostics({ name: 'fake' });
const denied = () => errorFromServer(Code.PERMISSION_DENIED, 'etcdserver: permission denied');

/** A mirror of an empty range at revision 5, which is iterated; `read` answers the reads after the list. */
async function mirrored(read: () => RangeResult) {
  const server = new FakeWatch();
  let reads = 0;
  const kv = listing(async () => {
    if (++reads > 1_000) throw new Error('more than 1,000 reads');
    return read();
  });
  const mirror = new MirrorImpl(
    { kv, watch: server.client, store, random: () => 0, diagnostics },
    { prefix: 'k' },
  );
  const updates = mirror[Symbol.asyncIterator]();
  await updates.next();
  const next = updates.next(); // opens the watch
  next.catch(() => {});
  await settled();
  return { mirror, server, iteration: updates, next, reads: () => reads };
}

const store = { epoch: 0 };

/** Lists an empty range at revision 5. */
function listing(range: () => Promise<RangeResult>): MirrorPorts['kv'] {
  let lists = 0;
  return {
    range,
    stream: async function* () {
      if (++lists > 1_000) throw new Error('more than 1,000 lists');
      yield { kvs: [], revision: 5n };
    } as unknown as MirrorPorts['kv']['stream'],
  };
}

const empty = (revision: bigint): RangeResult => ({ kvs: [], more: false, count: 0n, revision });

describe('waiting for a mirror to show a revision', () => {
  it('survives an outage', async () => {
    const failures = [new DeadlineError('Range was not answered in time'), errorFromServer(14, 'dropped')];
    const { mirror, reads } = await mirrored(() => {
      const failure = failures.shift();
      if (failure) throw failure;
      return empty(9n);
    });
    assert.equal(await mirror.waitForRevision(7n), 9n);
    assert.equal(reads(), 3);
  });

  it('rejects with the final error of a read', async () => {
    const { mirror } = await mirrored(() => {
      throw denied();
    });
    await assert.rejects(mirror.waitForRevision(7n), PermissionDeniedError);
  });

  it('rejects with the reason of its signal', async () => {
    const { mirror } = await mirrored(() => empty(5n));
    const abort = new AbortController();
    const waiting = mirror.waitForRevision(7n, { signal: abort.signal });
    const reason = { any: 'thing' };
    abort.abort(reason);
    await assert.rejects(waiting, (thrown) => thrown === reason);
  });

  it('rejects with the error that ended the mirror', async () => {
    const { mirror, server, next } = await mirrored(() => empty(5n));
    const waiting = mirror.waitForRevision(7n);
    server.last.respond(-1n, {
      created: true,
      canceled: true,
      cancelReason: 'etcdserver: permission denied',
    });
    const { code } = denied();
    await assert.rejects(next, { code });
    await assert.rejects(waiting, { code });
    await assert.rejects(mirror.waitForRevision(7n), { code });
    assert.equal(await mirror.waitForRevision(5n), 5n, 'the view stays as it is');
  });

  it('rejects with ClosedError when the iteration has ended', async () => {
    const server = new FakeWatch();
    const kv = listing(async () => empty(5n));
    const mirror = new MirrorImpl(
      { kv, watch: server.client, store, random: () => 0, diagnostics },
      { prefix: 'k' },
    );
    const waiting = mirror.waitForRevision(7n);
    waiting.catch(() => {});
    for await (const _ of mirror) break;
    await assert.rejects(waiting, ClosedError);
  });

  it('rejects with ClosedError when the iteration ends during the wait', async () => {
    const { mirror, next, iteration } = await mirrored(() => empty(5n));
    const waiting = mirror.waitForRevision(7n);
    await Promise.all([iteration.return(undefined), assert.rejects(waiting, ClosedError)]);
    assert.deepEqual(await next, { done: true, value: undefined });
  });
});

describe('a mirror whose store is replaced after each list', () => {
  it('lists again with pauses that grow', async () => {
    let epoch = 0;
    const replaced = {
      get epoch() {
        return epoch++;
      },
    };
    const kv = listing(async () => empty(5n));
    const ports = { kv, watch: new FakeWatch().client, store: replaced, random: () => 0.5, diagnostics };
    const mirror = new MirrorImpl(ports, { prefix: 'k' });
    const startedAt = performance.now();
    const reasons: string[] = [];
    for await (const update of mirror) {
      if (update.type === 'snapshot') reasons.push(update.reason);
      if (reasons.length === 4) break;
    }
    assert.deepEqual(reasons, ['initial', 'rolled-back', 'rolled-back', 'rolled-back']);
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs > 600, `the pauses are 100, 200 and 400 ms, but all took ${tookMs} ms`);
  });
});

describe('verifying a mirror', () => {
  it('resolves when nothing has changed, and raises the revision to that of the read', async () => {
    const { mirror, reads } = await mirrored(() => empty(9n));
    assert.equal(await mirror.verify(), true);
    assert.deepEqual([mirror.status().revision, reads()], [9n, 1]);
  });

  it('waits for events whose existence the read shows', async () => {
    let answer = empty(5n);
    const { mirror, server, next } = await mirrored(() => answer);
    const id = server.last.created();
    await settled(); // includes the check of its continuity
    const numbers = { createRevision: 1n, modRevision: 6n, version: 1n, lease: 0n };
    answer = {
      ...empty(6n),
      count: 1n,
      kvs: [{ key: Buffer.from('k0'), value: Buffer.from('v'), ...numbers }],
    };
    let verified: boolean | undefined;
    const verifying = mirror.verify().then((proven) => {
      verified = proven;
    });
    await settled();
    assert.equal(verified, undefined);
    server.last.puts(id, [6n]);
    await next;
    await verifying;
    assert.equal(verified, true);
  });

  it('resolves with false when the store is behind', async () => {
    const { mirror } = await mirrored(() => empty(4n));
    assert.equal(await mirror.verify(), false);
  });

  it('rejects with the error of the read, and with the reason of its signal', async () => {
    const failing = await mirrored(() => {
      throw denied();
    });
    await assert.rejects(failing.mirror.verify(), PermissionDeniedError);
    const { mirror } = await mirrored(() => ({ ...empty(9n), count: 1n })); // for an event that never arrives
    const abort = new AbortController();
    const verifying = mirror.verify({ signal: abort.signal });
    const reason = new Error('enough');
    abort.abort(reason);
    await assert.rejects(verifying, (thrown) => thrown === reason);
  });
});
