import assert from 'node:assert/strict';
import type { Channel } from '@grpc/grpc-js';
import type { Clock } from '#src/async/index.js';
import { Code, EtcdError, errorFor } from '#src/errors/index.js';
import { LeaseClientImpl } from '#src/lease/index.js';
import { attemptUnary } from '#src/wire/call/attempt.js';
import { CallMetadata } from '#src/wire/call/metadata.js';
import { ConnectRace } from '#src/wire/member/connect-race.js';
import { MemberHealth } from '#src/wire/member/health.js';
import type { Member } from '#src/wire/member/member.js';
import { MemberPool } from '#src/wire/member/pool.js';
import { StoreIdentity } from '#src/wire/member/store-identity.js';
import { StreamRegistry } from '#src/wire/stream/registry.js';
import { FakeClock, FakeLeases } from '../lease/fakes.js';
import { FakeWatch, settled } from '../watch/fake-watch.js';

const plain = new TypeError('not an EtcdError');
const isTyped = (error: unknown) => {
  assert.ok(error instanceof EtcdError, String(error));
  assert.ok(error === plain || error.cause === plain, String(error.cause));
  return true;
};
const echo = { path: '/a/B', requestSerialize: (b: Buffer) => b, responseDeserialize: (b: Buffer) => b };

describe('an error from outside this library ends with a typed error', () => {
  it('a watch that waits for the current revision', async () => {
    const server = new FakeWatch();
    server.readFails = plain;
    const watcher = server.client.watch('k');
    await assert.rejects(watcher.ready, isTyped);
    await assert.rejects(watcher[Symbol.asyncIterator]().next(), isTyped);
  });

  it('a watch that waits for another token', async () => {
    const server = new FakeWatch();
    server.tokenFails = plain;
    const watcher = server.client.watch('k', { startRevision: 5n });
    server.last.lose(errorFor('InvalidAuthToken'));
    await assert.rejects(watcher.ready, isTyped);
  });

  it('a renewal and a held lease that wait for another token', async () => {
    const server = new FakeLeases();
    const leases = new LeaseClientImpl(server.calls, new FakeClock(), () => 0.5);
    const lease = await leases.hold({ ttlSeconds: 10 });
    const once = leases.keepAliveOnce(5n);
    await settled();
    server.lastStream.lose(errorFor('InvalidAuthToken'));
    server.refreshes[0]?.reject(plain);
    await assert.rejects(once, isTyped);
    const { reason, cause } = await lease.ended;
    assert.equal(reason, 'unauthorized');
    isTyped(cause);
    leases.close();
  });

  it('a stream that waits for a connection', async () => {
    const streams = new StreamRegistry({
      pool: { markUnhealthy: () => {} } as unknown as MemberPool,
      clock: {} as Clock,
      random: () => 0.5,
      metadata: () => new CallMetadata(undefined),
      onSend: () => {},
      beforeAnswer: () => {},
      connect: () => Promise.reject(plain),
      maxReceiveBytes: 1_000,
      store: new StoreIdentity(),
    });
    const ended = new Promise<EtcdError>((end) => {
      streams.open({ ...echo, requestStream: true }, { requireLeader: false }, { message: () => {}, end });
    });
    isTyped(await ended);
  });

  it('a race for a connection, which another member may still win', async () => {
    const failed: EtcdError[] = [];
    const bad = new MemberHealth({ connect: () => Promise.reject(plain) } as unknown as Member);
    const good = new MemberHealth({ connect: () => Promise.resolve({}) } as unknown as Member);
    const onFailure = (_: MemberHealth, error: EtcdError) => failed.push(error);
    assert.equal(await new ConnectRace([bad, good], new FakeClock(), onFailure).winner, good);
    assert.equal(await new ConnectRace([bad], new FakeClock(), onFailure).winner, undefined);
    assert.equal(failed.length, 2);
    failed.forEach(isTyped);
  });

  it('a probe of a member, which stays as it was', async () => {
    const clock = new FakeClock();
    const member = { endpoint: 'm', ready: {}, close() {} } as unknown as Member;
    let probes = 0;
    const pool = new MemberPool([member], {
      clock,
      random: () => 0.5,
      probe: () => {
        probes++;
        return Promise.reject(plain);
      },
      onEvent: () => {},
    });
    pool.markUnhealthy(member, 'silent');
    for (let i = 0; i < 3; i++) {
      clock.advance(60_000);
      await settled();
    }
    assert.ok(probes > 1, `${probes} probes`);
    assert.notEqual(pool.failures().length, 0);
    pool.close();
  });

  it('a call that cannot be started', async () => {
    const running = new Set<never>();
    const channel = {
      createCall: () => ({
        start: () => {
          throw plain;
        },
        cancelWithStatus() {},
      }),
    } as unknown as Channel;
    const call = attemptUnary(channel, echo, Buffer.alloc(0), {
      metadata: new CallMetadata(undefined).plain,
      timeoutMs: 1_000,
      signal: undefined,
      running,
      maxReceiveBytes: 1_000,
    });
    await assert.rejects(
      call,
      (error) => isTyped(error) && (error as EtcdError).code === Code.INVALID_ARGUMENT,
    );
    assert.equal(running.size, 0);
  });
});
