import { junk } from '../../server/mutate.js';
import { encodeFrame, frame, frameTypes } from '../frame.js';
import { type FrameFault, fault } from './fault.js';

const alert = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]);
const page = Buffer.from('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');

/** What happens below frames: bytes that are none, lengths that do not fit, silence and ends. */
export const byteFaults: readonly FrameFault[] = [
  fault('any', 'a frame that is cut short', ({ peer, random, frame: sent }) => {
    const bytes = encodeFrame(sent);
    peer.raw(bytes.subarray(0, random.between(1, bytes.length - 1)));
    peer.end(random.pick(['fin', 'reset']));
    return 'drop';
  }),
  fault('any', 'a frame that is cut short, and the next', ({ peer, random, frame: sent }) => {
    const bytes = encodeFrame(sent);
    peer.raw(bytes.subarray(0, random.between(1, bytes.length - 1)));
    return 'drop';
  }),
  fault(
    'any',
    'a frame that is cut short, and silence',
    ({ peer, random, frame: sent }) => {
      const bytes = encodeFrame(sent);
      peer.raw(bytes.subarray(0, random.between(1, bytes.length - 1)));
      peer.silence();
      return 'drop';
    },
    { weight: 0.3 },
  ),
  fault('any', 'a frame that claims another length', ({ peer, random, frame: sent }) => {
    peer.raw(encodeFrame(sent, random.pick([0, sent.payload.length + 1, 16_384, 16_385, 2 ** 24 - 1])));
    return 'drop';
  }),
  fault('any', 'an oversized frame', ({ peer, random }) => {
    peer.send(frame(random.between(0, 12), random.pick([0, 1, ...peer.open]), Buffer.alloc(20_000)));
  }),
  fault(
    'stream',
    'a frame with changed bits',
    ({ peer, random, frame: sent }) => {
      const bytes = Buffer.from(encodeFrame(sent));
      for (let i = random.between(1, 4); i > 0; i--) {
        const at = random.between(0, bytes.length - 1);
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.between(0, 7)), at);
      }
      peer.raw(bytes);
      return 'drop';
    },
    { weight: 4, mayAbort: true },
  ),
  fault(
    'any',
    'bytes that are not HTTP/2',
    ({ peer, random }) => {
      peer.raw(random.pick([alert, page, junk(random, random.between(1, 300)), Buffer.alloc(64, 0xff)]));
    },
    { weight: 2, mayAbort: true },
  ),
  fault(
    'any',
    'one byte at a time',
    ({ peer, random }) => {
      peer.trickle(random.between(20, 400));
    },
    { weight: 3 },
  ),
  fault(
    'any',
    'silence',
    ({ peer }) => {
      peer.silence();
      return 'drop';
    },
    { weight: 0.3 },
  ),
  fault(
    'any',
    'an end',
    ({ peer, random }) => {
      peer.end(random.pick(['fin', 'reset']));
      return 'drop';
    },
    { weight: 2 },
  ),
  fault('greeting', 'a TLS alert as a greeting', ({ peer }) => {
    peer.raw(alert);
    peer.end('fin');
    return 'drop';
  }),
  fault('greeting', 'HTTP/1.1 as a greeting', ({ peer }) => {
    peer.raw(page);
    peer.end('fin');
    return 'drop';
  }),
  fault('greeting', 'another frame as a greeting', ({ peer }) => {
    peer.send(frame(frameTypes.ping, 0, Buffer.alloc(8)));
  }),
  fault(
    'greeting',
    'no greeting',
    ({ peer }) => {
      peer.silence();
      return 'drop';
    },
    { weight: 0.3 },
  ),
  fault('greeting', 'an end as a greeting', ({ peer, random }) => {
    peer.end(random.pick(['fin', 'reset']));
    return 'drop';
  }),
];
