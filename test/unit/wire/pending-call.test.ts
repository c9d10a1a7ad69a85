import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { status } from '@grpc/grpc-js';
import {
  AmbiguousWriteError,
  ClosedError,
  Code,
  DeadlineError,
  EtcdError,
  InvalidInputError,
  StoreReplacedError,
} from '#src/errors/index.js';
import { KVService } from '#src/gen/etcd/rpc.js';
import { TokenSource } from '#src/wire/auth/token.js';
import type { UnaryAttempt } from '#src/wire/call/attempt.js';
import { paths } from '#src/wire/paths.js';
import { eventually } from '../../support/eventually.js';
import { answerBytes, CallFixture } from './call-fixture.js';

/** What is created while `work` runs: the names of the asynchronous resources. */
function createdBy(work: () => void): string[] {
  const created: string[] = [];
  const hook = createHook({ init: (_, type) => created.push(type) });
  hook.enable();
  work();
  hook.disable();
  return created;
}

/** Lets promises settle, without a turn of the event loop. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await null;
}

describe('a call that is answered at its first attempt', () => {
  let client: CallFixture;

  beforeEach(() => {
    client = new CallFixture();
  });

  afterEach(() => {
    equal(client.ports.running.size, 0);
    equal(client.references, 0);
  });

  it('costs one promise, its caller’s, and no timer', async () => {
    const first = client.range();
    client.call.answer(4n);
    await first;
    let revision: Promise<bigint> | undefined;
    const created = createdBy(() => {
      revision = client.range();
      client.call.answer(5n);
    });
    equal(await revision, 5n);
    deepEqual(created, ['PROMISE', 'ETCD_CALL']);
  });

  it('is counted by the member before the caller hears of it, and keeps the process alive until then', async () => {
    const answered = client.range({
      onSend: () => client.log.push('on send'),
      onAnswer: (connection) => client.log.push(`connection ${connection}`),
    });
    equal(client.references, 1);
    equal(client.ports.running.size, 1);
    client.call.answer(5n);
    deepEqual(client.log, ['on send', 'sent', 'answered', 'connection 7', 'before answer']);
    equal(await answered, 5n);
  });

  it('sends the request once, with the timeout', async () => {
    const answered = client.range({ timeoutMs: 2_000 });
    deepEqual(client.call.sent.map(String), ['\n\u0001k']);
    deepEqual(client.call.metadata?.get('grpc-timeout'), ['2100m']);
    client.call.answer(5n);
    await answered;
  });

  it('leaves neither a listener on its signal nor a deadline', async () => {
    const { signal } = new AbortController();
    const answered = client.range({ signal });
    const [attempt] = [...client.ports.running] as UnaryAttempt<never, never>[];
    equal(getEventListeners(signal, 'abort').length, 1);
    equal((attempt?.heapIndex ?? -1) >= 0, true);
    client.call.answer(5n);
    await answered;
    equal(getEventListeners(signal, 'abort').length, 0);
    equal(attempt?.heapIndex, -1);
  });

  it('does not keep the process alive with unref', async () => {
    const answered = client.range({ unref: true });
    equal(client.references, 0);
    client.call.answer(5n);
    await answered;
  });

  it('rejects with the error of the conversion, and is not repeated', async () => {
    const convert = () => {
      throw new TypeError('not convertible');
    };
    const answered = client.range({}, { convert });
    client.call.answer(5n);
    await rejects(answered, /not convertible/);
    equal(client.calls.length, 1);
  });

  it('rejects a read if the store was replaced meanwhile, and returns the answer of a write', async () => {
    const reads = [client.range(), client.range({}, { idempotency: 'local-read' })];
    const write = client.range({}, { idempotency: 'write' });
    client.ports.store.observe({ header: { clusterId: 1n } }, 'm');
    for (const call of client.calls) call.answer(5n, 2n);
    for (const read of reads) await rejects(read, StoreReplacedError);
    equal(await write, 5n);
  });
});

describe('a call that is not answered at its first attempt', () => {
  let client: CallFixture;

  beforeEach(() => {
    client = new CallFixture();
  });

  afterEach(() => {
    equal(client.ports.running.size, 0);
    equal(client.references, 0);
  });

  it('is sent again after a lost answer, within the same deadline', async () => {
    const answered = client.range();
    client.clock.jump(4_000);
    client.call.end(status.UNAVAILABLE, 'Connection dropped');
    await client.sent(2);
    const header = String(client.call.metadata?.get('grpc-timeout')[0]);
    ok(Number.parseInt(header, 10) <= 6_100, header);
    client.call.answer(6n);
    equal(await answered, 6n);
  });

  it('makes its other attempts in the asynchronous context of its caller', async () => {
    const context = new AsyncLocalStorage<string>();
    const sentBy: unknown[] = [];
    const start = (caller: string) =>
      context.run(caller, () => client.range({ onSend: () => sentBy.push(context.getStore()) }));
    const answered = [start('a'), start('b')];
    context.run('the connection', () => {
      for (const call of client.calls.slice(0, 2)) call.end(status.UNAVAILABLE, 'Connection dropped');
    });
    await client.sent(4);
    for (const call of client.calls.slice(2)) call.answer(6n);
    await Promise.all(answered);
    deepEqual(sentBy, ['a', 'b', 'a', 'b']);
  });

  it('is ambiguous if it is a write whose answer was lost', async () => {
    const answered = client.range({}, { idempotency: 'write' });
    client.call.end(status.UNAVAILABLE, 'Connection dropped');
    await rejects(answered, AmbiguousWriteError);
    deepEqual(client.log, ['sent', 'answered', 'unhealthy: unreachable', 'before answer']);
  });

  it('rejects with the refusal of etcd', async () => {
    const answered = client.range();
    client.call.end(status.INVALID_ARGUMENT, 'etcdserver: key is not provided');
    await rejects(answered, (error: EtcdError) => error.reason === 'EmptyKey' && error.verdict === 'final');
    equal(client.calls.length, 1);
  });

  for (const [what, play] of Object.entries({
    'two messages': () => {
      client.call.message(answerBytes(5n));
      client.call.message(answerBytes(6n));
    },
    'no message': () => client.call.end(),
    'bytes that are not of etcd’s protocol': () => {
      client.call.message(Buffer.from([255, 255]));
      client.call.end();
    },
  })) {
    it(`is refused with INTERNAL after ${what}`, async () => {
      const answered = client.range({}, { idempotency: 'write' });
      play();
      await rejects(
        answered,
        (error: EtcdError) => error instanceof EtcdError && error.code === Code.INTERNAL,
      );
    });
  }

  it('ends at its deadline, and its cancellation does not count as an answer', async () => {
    const answered = client.range({ timeoutMs: 20 });
    client.clock.jump(20);
    await rejects(answered, DeadlineError);
    deepEqual(client.call.cancelled, ['no answer within 20 ms']);
    deepEqual(client.log, ['sent', 'silent', 'before answer']);
  });

  it('sends no timeout if it is infinite', async () => {
    const answered = client.range({ timeoutMs: Number.POSITIVE_INFINITY });
    deepEqual(client.call.metadata?.get('grpc-timeout'), []);
    client.call.answer(5n);
    await answered;
  });

  it('rejects with the reason of its signal at once, and is cancelled behind it', async () => {
    const own = new AbortController();
    const answered = client.range({ signal: own.signal });
    const reason = new EtcdError('the reason', { code: Code.UNAVAILABLE });
    own.abort(reason);
    await settled();
    deepEqual(client.log, ['sent', 'answered', 'before answer']);
    deepEqual(client.call.cancelled, []);
    equal(client.ports.running.size, 1, 'the call is still open');
    await rejects(answered, (error) => error === reason);
    await eventually('the cancellation', () => client.call.cancelled.length === 1);
    equal(client.calls.length, 1);
  });

  it('is not sent if its signal is aborted, the client is closed or the request is too large', async () => {
    await rejects(client.range({ signal: AbortSignal.abort('gone') }), (reason) => reason === 'gone');
    client.ports = { ...client.ports, maxRequestBytes: 1 };
    await rejects(client.range(), InvalidInputError);
    client.closing.abort();
    await rejects(client.range(), ClosedError);
    equal(client.calls.length, 0);
    deepEqual(client.log, ['before answer', 'before answer', 'before answer']);
  });

  it('rejects with ClosedError when the client closes', async () => {
    const answered = client.range();
    client.closing.abort();
    for (const call of client.ports.running) call.cancel('the client was closed');
    await rejects(answered, ClosedError);
  });

  it('connects a member first', async () => {
    client.isReady = false;
    const answered = client.range();
    await client.sent(1);
    client.call.answer(5n);
    equal(await answered, 5n);
  });

  it('fetches the first token first, and its attempts have the token', async () => {
    const token = new TokenSource(async () => 'abc');
    client.ports = { ...client.ports, token };
    const first = client.range();
    equal(client.calls.length, 0);
    await client.sent(1);
    const second = client.range();
    deepEqual(
      [...client.ports.running].map(({ tokenUse }) => [tokenUse?.generation, tokenUse?.idempotency]),
      [
        [1, 'read'],
        [1, 'read'],
      ],
    );
    for (const call of client.calls) call.answer(5n);
    deepEqual(await Promise.all([first, second]), [5n, 5n]);
  });

  it('gets a new token when etcd refuses the one it had', async () => {
    const token = new TokenSource(async () => 'abc');
    await token.refresh(0);
    client.ports = { ...client.ports, token };
    const answered = client.range();
    for (const call of [...client.ports.running]) call.failWithInvalidToken();
    await client.sent(2);
    equal([...client.ports.running][0]?.tokenUse?.generation, 2);
    client.call.answer(5n);
    equal(await answered, 5n);
  });
});

describe('a call that is answered with UNIMPLEMENTED', () => {
  const method = { ...KVService.range, path: paths.authStatus };

  for (const [what, isForeign, reason] of [
    ['names a release without the method if etcd answers a read then', false, 'MethodUnsupported'],
    ['leaves the reason open if the read is not answered', undefined, undefined],
  ] as const)
    it(what, async () => {
      const client = new CallFixture();
      client.ports = { ...client.ports, isForeign: async () => isForeign };
      const answered = client.range({}, { method });
      client.call.end(status.UNIMPLEMENTED, 'unknown method AuthStatus');
      await rejects(answered, (error: EtcdError) => {
        deepEqual([error.code, error.reason], [Code.UNIMPLEMENTED, reason]);
        return true;
      });
    });
});
