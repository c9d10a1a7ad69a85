import type { Random } from '../../../sim/random.js';
import { junk } from '../../server/mutate.js';
import { type Frame, flags, frame, frameTypes, words } from '../frame.js';
import { headerBlock, responseFields } from '../header-block.js';
import { type FrameFault, fault, type HostilePeer } from './fault.js';

const { data, headers, priority, reset, pushPromise, windowUpdate, continuation } = frameTypes;
const maxInt = 2 ** 31 - 1;

/** Frames on streams that do not exist, padding, CONTINUATION and RST_STREAM. */
export const streamFaults: readonly FrameFault[] = [
  fault(
    'any',
    'a frame on a wrong stream',
    ({ peer, random }) => {
      peer.send(frameFor(random, wrongStream(peer, random)));
    },
    { weight: 4 },
  ),
  fault('any', 'frames of unknown types', ({ peer, random }) => {
    for (let i = random.between(1, 20); i > 0; i--)
      peer.send(
        frame(
          random.between(10, 255),
          random.pick([0, 2, ...peer.open]),
          junk(random, random.between(0, 50)),
          random.between(0, 255),
        ),
      );
  }),
  fault('stream', 'a frame of zero length', ({ peer, random, frame: { streamId } }) => {
    peer.send(
      frame(
        random.between(0, 9),
        random.pick([0, streamId]),
        undefined,
        random.pick([0, flags.endHeaders, flags.padded]),
      ),
    );
  }),
  fault('any', 'a flood of empty DATA', ({ peer, random }) => {
    const streamId = random.pick([1, ...peer.open]);
    for (let i = random.between(50, 2_000); i > 0; i--) peer.send(frame(data, streamId));
  }),
  fault('stream', 'more padding than frame', ({ peer, random, frame: { streamId } }) => {
    const payload = Buffer.concat([Buffer.from([random.between(6, 255)]), Buffer.alloc(5)]);
    peer.send(frame(random.pick([data, headers]), streamId, payload, flags.padded | flags.endHeaders));
  }),
  fault('stream', 'much legal padding', ({ frame: sent, peer, random }) => {
    if (sent.type !== data) return 'forward';
    const padding = random.between(0, 255);
    const payload = Buffer.concat([Buffer.from([padding]), sent.payload, Buffer.alloc(padding)]);
    peer.send({ ...sent, payload, flags: sent.flags | flags.padded });
    return 'drop';
  }),
  fault(
    'stream',
    'RST_STREAM',
    ({ peer, random, frame: { streamId } }) => {
      peer.send(frame(reset, streamId, words(random.pick([...Array(14).keys(), 4_711, 2 ** 32 - 1]))));
      peer.mute(streamId);
      return random.pick(['forward', 'drop']);
    },
    { weight: 6 },
  ),
  fault('any', 'RST_STREAM of every stream', ({ peer, random }) => {
    for (const streamId of peer.open) peer.send(frame(reset, streamId, words(random.between(0, 13))));
  }),
  fault('any', 'a flood of RST_STREAM', ({ peer, random }) => {
    const streamId = random.pick([1, ...peer.open]);
    for (let i = random.between(10, 500); i > 0; i--) peer.send(frame(reset, streamId, words(8)));
  }),
  fault('stream', 'RST_STREAM of another length', ({ peer, frame: { streamId } }) => {
    peer.send(frame(reset, streamId, Buffer.alloc(3)));
  }),
  fault(
    'any',
    'HEADERS without an end, then another frame',
    ({ peer, random }) => {
      const streamId = random.pick([1, ...peer.open]);
      peer.send(
        frame(headers, streamId, headerBlock(responseFields)),
        frame(data, streamId, junk(random, 20)),
      );
    },
    { mayAbort: true },
  ),
  fault('stream', 'headers in many frames', ({ peer, frame: { streamId } }) => {
    if (peer.hasHeaders(streamId)) return 'forward';
    const block = headerBlock(responseFields);
    const pieces = Array.from({ length: block.length }, (_, i) => block.subarray(i, i + 1));
    peer.send(
      frame(headers, streamId),
      ...pieces.map((piece) => frame(continuation, streamId, piece)),
      frame(continuation, streamId, undefined, flags.endHeaders),
    );
    return 'forward';
  }),
  fault(
    'any',
    'a flood of CONTINUATION',
    ({ peer, random }) => {
      const streamId = random.pick([1, ...peer.open]);
      const piece = headerBlock([['x-padding', 'x'.repeat(random.pick([0, 100, 4_000]))]]);
      peer.send(frame(headers, streamId, headerBlock(responseFields)));
      for (let i = random.between(5, 300); i > 0; i--) peer.send(frame(continuation, streamId, piece));
    },
    { mayAbort: true },
  ),
  fault('any', 'CONTINUATION of nothing', ({ peer, random }) => {
    peer.send(
      frame(continuation, random.pick([0, 1, ...peer.open]), headerBlock(responseFields), flags.endHeaders),
    );
  }),
  fault(
    'any',
    'a broken header block',
    ({ peer, random }) => {
      peer.send(frame(headers, random.pick([1, ...peer.open]), brokenBlock(random), flags.endHeaders));
    },
    { mayAbort: true },
  ),
  fault('any', 'a dependency of a stream on itself', ({ peer, random }) => {
    const streamId = random.pick([1, ...peer.open]);
    peer.send(frame(priority, streamId, Buffer.concat([words(streamId), Buffer.from([255])])));
  }),
  fault('any', 'PUSH_PROMISE', ({ peer, random }) => {
    const promised = words(random.pick([0, 2, 3, maxInt]));
    peer.send(
      frame(
        pushPromise,
        random.pick([0, 1, ...peer.open]),
        Buffer.concat([promised, headerBlock(responseFields)]),
        flags.endHeaders,
      ),
    );
  }),
  fault('stream', "a stream's window that overflows", ({ peer, frame: { streamId } }) => {
    peer.send(frame(windowUpdate, streamId, words(maxInt)), frame(windowUpdate, streamId, words(maxInt)));
  }),
  fault('stream', 'more DATA than the window permits', ({ peer, frame: { streamId }, random }) => {
    for (let i = random.between(1, 400); i > 0; i--) peer.send(frame(data, streamId, Buffer.alloc(16_384)));
  }),
  fault('stream', "a stream's silence", ({ peer, frame: { streamId } }) => {
    peer.mute(streamId);
    return 'drop';
  }),
];

/** The connection itself, a server's stream, one that the client has closed or not opened yet, the highest. */
function wrongStream({ open }: HostilePeer, random: Random): number {
  const highest = Math.max(1, ...open);
  return random.pick([
    0,
    2,
    2 * random.between(1, 500),
    Math.max(1, highest - 2),
    highest + 2,
    highest + 2_000,
    maxInt,
  ]);
}

function frameFor(random: Random, streamId: number): Frame {
  return random.pick([
    frame(data, streamId, junk(random, random.between(0, 30)), random.pick([0, flags.endStream])),
    frame(
      headers,
      streamId,
      headerBlock(responseFields),
      flags.endHeaders | random.pick([0, flags.endStream]),
    ),
    frame(reset, streamId, words(random.between(0, 13))),
    frame(windowUpdate, streamId, words(random.between(1, 1_000))),
    frame(priority, streamId, Buffer.alloc(5)),
    frame(continuation, streamId, headerBlock(responseFields), flags.endHeaders),
  ]);
}

/** Invalid for HPACK: an index that does not exist, a length beyond the end, a number without an end, junk. */
function brokenBlock(random: Random): Buffer {
  return random.pick([
    Buffer.from([0x80]),
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]),
    Buffer.from([0x00, 0x0a, 0x61]),
    Buffer.from([0x3f, 0xff, 0xff, 0xff, 0xff, 0x0f]),
    Buffer.from([0x00, 0x81, 0xff, 0x81, 0xff]),
    junk(random, random.between(1, 60)),
  ]);
}
