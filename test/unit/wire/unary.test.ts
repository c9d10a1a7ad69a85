import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { ClientDiagnostics } from '#src/diagnostics/index.js';
import { Code, DeadlineError, EtcdError, UnauthenticatedError } from '#src/errors/index.js';
import { KVService, RangeRequest } from '#src/gen/etcd/rpc.js';
import { TokenSource } from '#src/wire/auth/token.js';
import { CallMetadata } from '#src/wire/call/metadata.js';
import { RetryQueues } from '#src/wire/call/retry-queues.js';
import { UnaryCall } from '#src/wire/call/unary.js';
import type { UnaryPorts } from '#src/wire/call/unary-ports.js';
import type { Member } from '#src/wire/member/member.js';
import type { MemberPool } from '#src/wire/member/pool.js';
import { StoreIdentity } from '#src/wire/member/store-identity.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../lease/fakes.js';

/** Counts the listeners of a signal and the dependent signals that Node made for it. */
function listenersOf(signal: AbortSignal): number {
  const followers = Object.getOwnPropertySymbols(signal)
    .filter(({ description }) => description?.includes('ependantSignals'))
    .map((symbol) => (signal as unknown as Record<symbol, Set<unknown> | undefined>)[symbol]?.size ?? 0);
  return getEventListeners(signal, 'abort').length + followers.reduce((sum, size) => sum + size, 0);
}

let clock: FakeClock;

function call(
  connectOnce: MemberPool['connectOnce'],
  signal: AbortSignal,
  closing: AbortSignal,
  token?: TokenSource,
) {
  const ports: UnaryPorts = {
    maxReceiveBytes: 2 ** 20,
    diagnostics: new ClientDiagnostics({ name: 'test' }),
    pool: { readyAt: () => undefined, connectOnce, failures: () => [] } as unknown as MemberPool,
    clock,
    random: () => 0,
    retries: new RetryQueues(clock, () => 0),
    store: new StoreIdentity(),
    token,
    metadata: () => new CallMetadata(undefined),
    running: new Set(),
    onSend: () => {},
    isForeign: async () => false,
    closing,
  };
  const request = RangeRequest.create();
  const kind = { method: KVService.range, idempotency: 'read', request } as const;
  return new UnaryCall(ports, kind, clock.now() + 1_000, { signal }).run(
    Buffer.from(RangeRequest.encode(request).finish()),
  );
}

describe('a call with a signal', () => {
  beforeEach(() => {
    clock = new FakeClock();
  });

  it('removes its listeners from its signal and from the client’s after waiting for a connection', async () => {
    const [own, closing] = [new AbortController(), new AbortController()];
    const [m, no] = [{ endpoint: 'm' } as Member, new EtcdError('no', { code: Code.UNAVAILABLE })];
    const unreachable: MemberPool['connectOnce'] = async (deadline, _signal, onFailure) => {
      clock.jump(deadline - clock.now());
      onFailure?.(m, no);
      return undefined;
    };
    await assert.rejects(call(unreachable, own.signal, closing.signal), DeadlineError);
    assert.deepEqual([listenersOf(own.signal), listenersOf(closing.signal)], [0, 0]);
  });

  it('removes its listeners after waiting for a token', async () => {
    const [own, closing] = [new AbortController(), new AbortController()];
    const refused = new UnauthenticatedError('no', { code: Code.UNAUTHENTICATED });
    const token = new TokenSource(() => Promise.reject(refused));
    const connect = () => Promise.reject(new EtcdError('not needed', { code: Code.INTERNAL }));
    await assert.rejects(call(connect, own.signal, closing.signal, token), refused);
    assert.deepEqual([listenersOf(own.signal), listenersOf(closing.signal)], [0, 0]);
  });

  it('requests a token again when its deadline is later than that of the token request', async () => {
    const [own, closing] = [new AbortController(), new AbortController()];
    const unreachable = new DeadlineError('no member could be reached', { verdict: 'not-applied' });
    let requests = 0;
    const token = new TokenSource(() =>
      ++requests < 3 ? Promise.reject(unreachable) : Promise.resolve('t'),
    );
    const reached = new EtcdError('the call reached a member', { code: Code.INTERNAL, verdict: 'final' });
    const ended = assert.rejects(
      call(() => Promise.reject(reached), own.signal, closing.signal, token),
      reached,
    );
    await eventually('there is a pause before the third request', () => requests === 2 && clock.timers > 0);
    clock.advance(200);
    await ended;
    assert.equal(requests, 3);
  });

  it('rejects with the reason of the signal that aborts first', async () => {
    for (const first of [0, 1]) {
      const aborts = [new AbortController(), new AbortController()] as const;
      const connect: MemberPool['connectOnce'] = (_, signal) =>
        new Promise((_resolve, reject) =>
          signal?.addEventListener('abort', () => reject(signal.reason as Error)),
        );
      const reason = new Error('enough');
      const ended = assert.rejects(call(connect, aborts[0].signal, aborts[1].signal), reason);
      aborts[first]?.abort(reason);
      await ended;
    }
  });
});
