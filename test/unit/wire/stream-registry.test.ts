import assert from 'node:assert/strict';
import { type Channel, Metadata, type StatusObject } from '@grpc/grpc-js';
import type { Clock } from '#src/async/index.js';
import { Code } from '#src/errors/index.js';
import type { CallMetadata } from '#src/wire/call/metadata.js';
import type { Member } from '#src/wire/member/member.js';
import type { MemberPool } from '#src/wire/member/pool.js';
import { StoreIdentity } from '#src/wire/member/store-identity.js';
import { StreamRegistry } from '#src/wire/stream/registry.js';

interface Listener {
  onReceiveMessage(message: Buffer): void;
  onReceiveStatus(status: StatusObject): void;
}

const echo = { path: '/a/B', requestSerialize: (b: Buffer) => b, responseDeserialize: (b: Buffer) => b };
const dropped: StatusObject = {
  code: Code.UNAVAILABLE,
  details: 'Connection dropped',
  metadata: new Metadata(),
};

/** An open stream. `before` runs before each answer; `received` lists the calls of its handlers. */
async function openStream() {
  const received: string[] = [];
  const failures: string[] = [];
  let listener: Listener | undefined;
  const call = {
    start: (_: Metadata, given: Listener) => {
      listener = given;
    },
    startRead() {},
    cancelWithStatus() {},
  };
  const hooks = { before: () => {} };
  const streams = new StreamRegistry({
    maxReceiveBytes: 2 ** 20,
    pool: { markUnhealthy: (_: Member, failure: string) => failures.push(failure) } as unknown as MemberPool,
    clock: {} as Clock,
    random: () => 0.5,
    store: new StoreIdentity(),
    metadata: () => ({ plain: new Metadata() }) as CallMetadata,
    onSend: () => {},
    beforeAnswer: () => hooks.before(),
    connect: async () => ({
      member: {} as Member,
      channel: { createCall: () => call } as unknown as Channel,
    }),
  });
  const stream = await new Promise<ReturnType<StreamRegistry['open']>>((resolve) => {
    const opening = streams.open(
      { ...echo, requestStream: true },
      { requireLeader: false },
      {
        opened: () => resolve(opening),
        message: () => received.push('message'),
        end: () => received.push('end'),
      },
    );
  });
  assert.ok(listener);
  return { hooks, stream, received, failures, listener };
}

describe('a stream', () => {
  it('passes messages and its end to the handlers', async () => {
    const { received, failures, listener } = await openStream();
    listener.onReceiveMessage(Buffer.alloc(0));
    listener.onReceiveStatus(dropped);
    assert.deepEqual(received, ['message', 'end']);
    assert.deepEqual(failures, ['unreachable']);
  });

  describe('cancelled by the callback before an answer', () => {
    it('does not pass the message to the handlers', async () => {
      const { hooks, stream, received, listener } = await openStream();
      hooks.before = () => stream.cancel();
      listener.onReceiveMessage(Buffer.alloc(0));
      assert.deepEqual(received, []);
    });

    it('does not pass its end to the handlers, but marks the member unhealthy', async () => {
      const { hooks, stream, received, failures, listener } = await openStream();
      hooks.before = () => stream.cancel();
      listener.onReceiveStatus(dropped);
      assert.deepEqual(received, []);
      assert.deepEqual(failures, ['unreachable']);
    });
  });
});
