import { frame as grpcFrame } from '../../../support/scripted-server.js';
import { junk } from '../../server/mutate.js';
import { flags, frame, frameTypes } from '../frame.js';
import { type HeaderField, headerBlock, responseFields } from '../header-block.js';
import { type FaultPlace, type FrameFault, fault } from './fault.js';

const { data, headers } = frameTypes;
const whole = flags.endHeaders;
const last = flags.endHeaders | flags.endStream;

const status = (code: string): HeaderField => ['grpc-status', code];
const wrongTrailers: readonly (readonly [name: string, ...HeaderField[]])[] = [
  ['no grpc-status', ['x', 'y']],
  ['a status of letters', status('OK')],
  ['an empty status', status('')],
  ['a negative status', status('-1')],
  ['an unknown status', status('4711')],
  ['a status beyond all numbers', status('9'.repeat(400))],
  ['two statuses', status('0'), status('14')],
  ['the same status twice', status('14'), status('14')],
  ['binary data in the message', status('2'), ['grpc-message', '\xff\xfe\x80%zz%']],
  ['control characters in the message', status('2'), ['grpc-message', 'a\x01\x1b[31mb\x7f']],
  ['a line break in the message', status('2'), ['grpc-message', 'a\r\nx: y']],
  ['binary details that are none', status('2'), ['grpc-status-details-bin', '\xff not base64 *']],
  ['a binary header that is none', status('0'), ['trace-bin', '=!@#\xff']],
  ['names in upper case', ['GRPC-STATUS', '0']],
  ['an empty name', status('0'), ['', 'x']],
  ['a name with a space', status('0'), ['a b', 'x']],
  ['a pseudo header', status('0'), [':status', '200']],
  ['a connection header', status('0'), ['connection', 'close'], ['transfer-encoding', 'chunked']],
  ['__proto__', status('0'), ['__proto__', 'x'], ['constructor', 'y']],
  ['a huge field', status('0'), ['x-huge', 'h'.repeat(15_000)]],
  ['many fields', status('0'), ...Array.from({ length: 700 }, (_, i): HeaderField => [`x-${i}`, 'y'])],
];

const wrongHeaders: readonly (readonly [name: string, ...HeaderField[]])[] = [
  ['a page', [':status', '200'], ['content-type', 'text/html']],
  ['no content type', [':status', '200']],
  ['another content type', [':status', '200'], ['content-type', 'application/grpc-web+json']],
  ['two content types', ...responseFields, ['content-type', 'text/plain']],
  ['a redirect', [':status', '307'], ['location', 'http://127.0.0.1:1/']],
  ['a bad gateway', [':status', '502'], ['content-type', 'text/html']],
  ['a status of 0', [':status', '0']],
  ['a status of 999', [':status', '999']],
  ['two HTTP statuses', [':status', '200'], [':status', '503']],
  ['an unknown encoding', ...responseFields, ['grpc-encoding', 'zpaq']],
  ['a length of content', ...responseFields, ['content-length', '3']],
  ['a broken length of content', ...responseFields, ['content-length', '-1']],
];

/** Headers, trailers and messages that are valid HTTP/2 and not gRPC, or neither. */
export const grpcFaults: readonly FrameFault[] = [
  ...wrongTrailers.map(([name, ...fields]) =>
    fault('stream', `trailers: ${name}`, (place) => endWith(place, fields), { weight: 0.6 }),
  ),
  ...wrongHeaders.map(([name, ...fields]) =>
    fault('stream', `headers: ${name}`, (place) => beginWith(place, fields), { weight: 0.8 }),
  ),
  fault('stream', 'headers without :status', (place) => beginWith(place, [['content-type', 'x']]), {
    mayAbort: true,
  }),
  fault('stream', 'an informational status', ({ peer, random, frame: { streamId } }) => {
    const block = headerBlock([[':status', random.pick(['100', '101', '103', '199'])]]);
    for (let i = random.pick([1, 1, 50]); i > 0; i--)
      peer.send(frame(headers, streamId, block, random.chance(0.8) ? whole : last));
  }),
  fault('stream', 'headers twice', ({ peer, frame: { streamId } }) => {
    const block = headerBlock(responseFields);
    peer.send(frame(headers, streamId, block, whole), frame(headers, streamId, block, whole));
  }),
  fault('stream', 'DATA before headers', ({ peer, random, frame: { streamId } }) => {
    peer.send(frame(data, streamId, grpcFrame(junk(random, 5))));
  }),
  fault('stream', 'DATA after trailers', (place) => {
    endWith(place, [status('0')]);
    place.peer.send(frame(data, place.frame.streamId, grpcFrame(junk(place.random, 5))));
    return 'drop';
  }),
  fault('stream', 'trailers twice', (place) => {
    endWith(place, [status('0')]);
    return endWith(place, [status('14')]);
  }),
  fault(
    'stream',
    'END_STREAM in the middle of a message',
    ({ peer, random, frame: sent }) => {
      if (sent.type !== data || sent.payload.length < 2) return 'forward';
      const part = sent.payload.subarray(0, random.between(1, sent.payload.length - 1));
      peer.send(frame(data, sent.streamId, part, flags.endStream));
      peer.mute(sent.streamId);
      return 'drop';
    },
    { weight: 3 },
  ),
  ...changedMessages(),
  fault('stream', 'no trailers', ({ peer, frame: sent }) => {
    if (sent.type !== data) return 'forward';
    peer.send({ ...sent, flags: flags.endStream });
    peer.mute(sent.streamId);
    return 'drop';
  }),
];

/** Changes of the five bytes before a message. */
function changedMessages(): readonly FrameFault[] {
  const changed = (name: string, change: (payload: Buffer, place: FaultPlace) => void) =>
    fault(
      'stream',
      name,
      (place) => {
        const { frame: sent, peer } = place;
        if (sent.type !== data || sent.payload.length < 5) return 'forward';
        const payload = Buffer.from(sent.payload);
        change(payload, place);
        peer.send({ ...sent, payload });
        return 'drop';
      },
      { weight: 3 },
    );
  const lengthOf = (payload: Buffer) => payload.readUInt32BE(1);
  return [
    changed('a compression flag without compression', (payload) => payload.writeUInt8(1, 0)),
    changed('an unknown flag', (payload, { random }) => payload.writeUInt8(random.between(2, 255), 0)),
    changed('a message that is longer than its data', (payload, { random }) =>
      payload.writeUInt32BE(
        random.pick([lengthOf(payload) + random.between(1, 9), 2 ** 32 - 1, 2 ** 31, 7 * 2 ** 20]),
        1,
      ),
    ),
    changed('a message that is shorter than its data', (payload, { random }) =>
      payload.writeUInt32BE(random.between(0, Math.max(0, lengthOf(payload) - 1)), 1),
    ),
  ];
}

function endWith({ peer, frame: { streamId } }: FaultPlace, fields: readonly HeaderField[]) {
  const first = peer.hasHeaders(streamId) ? [] : responseFields;
  peer.send(frame(headers, streamId, headerBlock([...first, ...fields]), last));
  peer.mute(streamId);
  return 'drop' as const;
}

/** Only where no headers were sent: otherwise these are trailers. */
function beginWith({ peer, random, frame: { streamId } }: FaultPlace, fields: readonly HeaderField[]) {
  const body = Buffer.from('<html>it works</html>');
  const first = frame(headers, streamId, headerBlock(fields), random.chance(0.2) ? last : whole);
  peer.send(first, frame(data, streamId, body, flags.endStream));
  peer.mute(streamId);
  return 'drop' as const;
}
