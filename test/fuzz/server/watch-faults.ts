import { WatchResponse } from '#src/gen/etcd/rpc.js';
import type { Random } from '../../sim/random.js';
import { type AnswerContext, type AnswerFault, callFaults } from './call-faults.js';

/** Faults on a watch stream, in valid protobuf. */
export const watchFaults: readonly AnswerFault[] = [
  ...callFaults,
  responseFault('events out of order', 3, (response) => {
    response.events = [...response.events, ...response.events].reverse();
  }),
  responseFault('events twice', 2, (response) => {
    response.events = [...response.events, ...response.events];
  }),
  responseFault('events of other keys', 2, (response) => {
    for (const { kv } of response.events) if (kv) kv.key = Buffer.from('\xff\xffelsewhere', 'latin1');
  }),
  responseFault('events newer than their response', 2, ({ header }) => {
    if (header) header.revision = 1n;
  }),
  responseFault('a revision far ahead', 3, (response, random) => {
    const { header, events } = response;
    const far = random.pick([2n ** 40n, 2n ** 62n - 2n, 2n ** 62n - 1n, 2n ** 63n - 1n]);
    if (header) header.revision = far;
    for (const { kv } of events) if (kv) kv.modRevision = far;
    if (random.chance(0.3)) response.events = [];
  }),
  responseFault('another watch id', 2, (response, random) => {
    response.watchId = random.pick([
      -1n,
      0n,
      -2n,
      response.watchId + 1n,
      response.watchId - 1n,
      2n ** 63n - 1n,
    ]);
  }),
  responseFault('created again', 2, (response) => {
    response.created = true;
  }),
  responseFault('a compaction', 1, (response, random) => {
    response.canceled = random.chance(0.7);
    response.compactRevision = random.pick([1n, 5n, 2n ** 40n, 2n ** 62n - 1n]);
  }),
  responseFault('a cancellation', 2, (response, random) => {
    response.canceled = true;
    response.created = random.chance(0.3);
    response.cancelReason = reason(random);
  }),
  { name: 'fragments without an end', weight: 1, apply: (context) => sendFragments(context) },
  { name: 'a flood of progress', weight: 1, apply: (context) => sendProgressFlood(context) },
];

function responseFault(
  name: string,
  weight: number,
  change: (response: WatchResponse, random: Random) => void,
): AnswerFault {
  return {
    name,
    weight: 6 * weight,
    apply: ({ proceed, message, random }) => {
      const response = WatchResponse.decode(message);
      change(response, random);
      proceed(Buffer.from(WatchResponse.encode(response).finish()));
    },
  };
}

function reason(random: Random): string {
  return random.pick([
    () => 'etcdserver: permission denied',
    () => 'rpc error: code = Unauthenticated desc = etcdserver: invalid auth token',
    () => 'rpc error: code = A desc = '.repeat(10_000),
    () => 'rpc error: code = constructor desc = x',
    () => 'x'.repeat(1024 * 1024),
    () => '',
  ])();
}

/** Sends fragments of one revision, or of successive ones, for a second or 40 MB. */
function sendFragments({ call, message, random, proceed, after }: AnswerContext): void {
  const response = WatchResponse.decode(message);
  const [event] = response.events;
  if (!event?.kv) {
    proceed(message);
    return;
  }
  const sameRevision = random.chance(0.5);
  const value = Buffer.alloc(random.pick([10, 100_000]), 'v');
  let left = 400;
  const more = () => {
    for (let i = 0; i < 20 && left > 0; i++, left--) {
      const kv = {
        ...event.kv,
        value,
        modRevision: (event.kv?.modRevision ?? 1n) + (sameRevision ? 0n : BigInt(400 - left)),
      };
      const piece = {
        ...response,
        header: { revision: kv.modRevision },
        fragment: true,
        events: [{ ...event, kv }],
      };
      call.send(WatchResponse.encode(WatchResponse.fromPartial(piece)).finish());
    }
    if (left > 0 && !call.stream.destroyed) after(20, more);
  };
  more();
}

function sendProgressFlood({ call, message, after }: AnswerContext): void {
  let left = 20;
  const response = WatchResponse.decode(message);
  const progress = WatchResponse.encode({ ...response, events: [] }).finish();
  const more = () => {
    for (let i = 0; i < 200; i++) call.send(progress);
    if (--left > 0 && !call.stream.destroyed) after(20, more);
  };
  more();
}
