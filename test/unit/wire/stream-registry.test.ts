import assert from 'node:assert/strict';
import { type Channel, Metadata, type StatusObject } from '@grpc/grpc-js';
import type { Clock } from '#src/async/index.js';
import { Code } from '#src/errors/index.js';
import type { CallMetadata } from '#src/wire/call-metadata.js';
import type { Member } from '#src/wire/member.js';
import type { MemberPool } from '#src/wire/member-pool.js';
import { StoreIdentity } from '#src/wire/store-identity.js';
import { StreamRegistry } from '#src/wire/stream-registry.js';

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

/** A stream that is open; `before` runs right before each answer, and `heard` is what its handlers were told. */
async function opened() {
  const heard: string[] = [];
  const blamed: string[] = [];
  let listener: Listener | undefined;
  const call = {
    start: (_: Metadata, given: Listener) => {
      listener = given;
    },
    startRead() {},
    cancelWithStatus() {},
  };
  const scene = { before: () => {} };
  const streams = new StreamRegistry({
    maxReceiveBytes: 2 ** 20,
    pool: { markUnhealthy: (_: Member, failure: string) => blamed.push(failure) } as unknown as MemberPool,
    clock: {} as Clock,
    random: () => 0.5,
    store: new StoreIdentity(),
    metadata: () => ({ plain: new Metadata() }) as CallMetadata,
    onSend: () => {},
    beforeAnswer: () => scene.before(),
    connect: async () => ({
      member: {} as Member,
      channel: { createCall: () => call } as unknown as Channel,
    }),
  });
  const stream = await new Promise<ReturnType<StreamRegistry['open']>>((resolve) => {
    const opening = streams.open(
      echo,
      { requireLeader: false },
      {
        opened: () => resolve(opening),
        message: () => heard.push('message'),
        end: () => heard.push('end'),
      },
    );
  });
  assert.ok(listener);
  return { scene, stream, heard, blamed, listener };
}

describe('a stream', () => {
  it('tells what comes, and its end', async () => {
    const { heard, blamed, listener } = await opened();
    listener.onReceiveMessage(Buffer.alloc(0));
    listener.onReceiveStatus(dropped);
    assert.deepEqual(heard, ['message', 'end']);
    assert.deepEqual(blamed, ['unreachable']);
  });

  describe('cancelled by what runs right before an answer', () => {
    it('does not tell that message', async () => {
      const { scene, stream, heard, listener } = await opened();
      scene.before = stream.cancel;
      listener.onReceiveMessage(Buffer.alloc(0));
      assert.deepEqual(heard, []);
    });

    it('does not tell its end, which speaks against the member all the same', async () => {
      const { scene, stream, heard, blamed, listener } = await opened();
      scene.before = stream.cancel;
      listener.onReceiveStatus(dropped);
      assert.deepEqual(heard, []);
      assert.deepEqual(blamed, ['unreachable']);
    });
  });
});
