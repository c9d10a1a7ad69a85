import { gzipSync } from 'node:zlib';
import { serverTexts } from '#src/errors/index.js';
import type { Random } from '../../sim/random.js';
import { frame, type ScriptedCall } from '../../support/scripted-server.js';
import { emptyElements, junk, mutations } from './mutate.js';

/** An answer, and the means to change it. */
export interface AnswerContext {
  readonly call: ScriptedCall;
  /** The correct message; on a stream, the next one. */
  readonly message: Buffer;
  readonly random: Random;
  /** A correct message of another call. */
  readonly other: Buffer;
  /** Sends a message and continues normally. */
  proceed(message: Buffer): void;
  /** Writes raw bytes to the connection, below HTTP/2. */
  inject(bytes: Buffer): void;
  after(ms: number, action: () => void): void;
}

export interface AnswerFault {
  readonly name: string;
  readonly weight: number;
  apply(context: AnswerContext): void;
}

const MiB = 1024 * 1024;
const headers = { ':status': 200, 'content-type': 'application/grpc' };
export const goodSettings = {
  maxConcurrentStreams: 1_000,
  initialWindowSize: 65_535,
  maxHeaderListSize: 65_535,
};
const answerFault = (name: string, apply: (context: AnswerContext) => void, weight = 1): AnswerFault => ({
  name,
  weight,
  apply,
});

/** Compressed on first use, because that takes a while. */
const bombs = new Map<string, Buffer>();
function bomb(name: string, make: () => Buffer): Buffer {
  const made = bombs.get(name) ?? gzipSync(make());
  bombs.set(name, made);
  return made;
}

/** Faults for any call, unary or stream. A HEADERS frame without `:status` is excluded, because it may abort Node. */
export const callFaults: readonly AnswerFault[] = [
  ...mutations.map(({ name, apply }) =>
    answerFault(name, ({ proceed, message, random }) => proceed(apply(message, random)), 3),
  ),
  answerFault('the answer to another call', ({ proceed, other }) => proceed(other), 3),
  answerFault('two answers', ({ call, proceed, message }) => {
    call.send(message);
    proceed(message);
  }),
  answerFault(
    'an unusual status',
    ({ call, random }) => call.end(random.between(0, 20), unusualText(random)),
    4,
  ),
  answerFault('a status and headers in one', ({ call, random }) => {
    if (call.stream.headersSent || call.stream.destroyed) return;
    const code = random.pick(['abc', '-1', '999', '', '1e3', '14']);
    call.stream.respond(
      { ...headers, 'grpc-status': code, 'grpc-message': random.pick(['%zz', '%', 'x'.repeat(8_000)]) },
      { endStream: true },
    );
  }),
  answerFault('an HTML page', ({ call, random }) => {
    if (call.stream.headersSent || call.stream.destroyed) return;
    call.stream.respond({
      ':status': random.pick([200, 301, 404, 502, 503]),
      'content-type': random.pick(['text/html', 'application/grpc+json', '']),
    });
    call.stream.end('<html></html>');
  }),
  answerFault('no trailers', ({ call, message }) => {
    if (call.stream.headersSent || call.stream.destroyed) return;
    call.stream.respond(headers);
    call.stream.end(frame(message));
  }),
  answerFault('a reset', ({ call, random }) =>
    call.stream.close(random.pick([0, 1, 2, 3, 5, 7, 8, 9, 11, 13, 4_711])),
  ),
  answerFault('an early end', ({ call }) => call.end()),
  answerFault('silence', () => {}),
  answerFault('half a message', ({ call, message, random }) => {
    call.raw(frame(message).subarray(0, random.between(1, message.length + 4)));
    if (random.chance(0.5)) call.end();
  }),
  answerFault('half a message and a closed connection', ({ call, message, after }) => {
    call.raw(frame(message).subarray(0, 3 + Math.floor(message.length / 2)));
    after(5, () => call.stream.session?.destroy());
  }),
  answerFault(
    'a late answer',
    ({ proceed, message, random, after }) => after(random.between(20, 2_500), () => proceed(message)),
    3,
  ),
  answerFault('an answer in pieces', ({ call, proceed, message, after, random }) => {
    const whole = frame(message);
    const at = random.between(0, whole.length);
    call.raw(whole.subarray(0, at));
    after(random.between(1, 300), () => {
      call.raw(whole.subarray(at));
      proceed(Buffer.alloc(0));
    });
  }),
  answerFault('a message that claims to be large', ({ call, message, random }) =>
    call.raw(frame(message, random.pick([2 ** 32 - 1, 2 ** 31, 9 * MiB, 7 * MiB]))),
  ),
  answerFault('a message of zeros', ({ proceed, random }) =>
    proceed(Buffer.alloc(random.between(1, 5 * MiB))),
  ),
  answerFault('a large unknown field', ({ proceed, message }) =>
    proceed(
      Buffer.concat([message, Buffer.from([0x9a, 0x3f, 0x80, 0x80, 0xc0, 0x02]), Buffer.alloc(5 * MiB)]),
    ),
  ),
  answerFault('a compression flag', ({ call, message }) => call.raw(frame(message, message.length, 1))),
  answerFault('a compression bomb', ({ call, random }) => {
    if (call.stream.headersSent || call.stream.destroyed) return;
    call.stream.respond(
      { ...headers, 'grpc-encoding': random.pick(['gzip', 'gzip', 'deflate', 'zpaq']) },
      { waitForTrailers: true },
    );
    const packed = random.chance(0.5)
      ? bomb('zeros', () => Buffer.alloc(256 * MiB))
      : bomb('empty elements', () => emptyElements(2, 3_000_000));
    call.stream.write(frame(packed, packed.length, 1));
    call.end();
  }),
  answerFault('a GOAWAY', ({ call, random, proceed, message }) => {
    call.stream.session?.goaway(
      random.pick([0, 2, 11]),
      random.pick([0, 2 ** 31 - 1]),
      random.chance(0.5) ? Buffer.from('too_many_pings') : undefined,
    );
    if (random.chance(0.5)) proceed(message);
  }),
  answerFault('settings that change', ({ call, random, proceed, message, after }) => {
    const session = call.stream.session;
    session?.settings(
      random.pick([
        { maxConcurrentStreams: 0 },
        { initialWindowSize: 0 },
        { maxConcurrentStreams: 1, maxHeaderListSize: 16 },
      ]),
    );
    proceed(message);
    after(random.between(50, 800), () => {
      if (!session?.destroyed) session?.settings(goodSettings);
    });
  }),
  answerFault('a connection that ends', ({ call }) => call.stream.session?.destroy()),
  // The frame length exceeds every limit: a shorter frame may be parsed as unterminated headers, which abort Node.
  answerFault('bytes that are not HTTP/2', ({ inject, random }) =>
    inject(Buffer.concat([Buffer.alloc(9, 0xff), junk(random, 64)])),
  ),
];

/** etcd's texts under other codes, and texts that may confuse a parser. */
function unusualText(random: Random): string {
  const known = () => random.pick(serverTexts).text;
  return random.pick([
    known,
    known,
    () => `rpc error: code = Unauthenticated desc = ${known()}`,
    () => 'rpc error: code = A desc = '.repeat(random.between(1, 250)),
    () => 'rpc error: code = constructor desc = __proto__',
    () => 'x'.repeat(random.between(0, 8_000)),
    () => String.fromCharCode(0, 10, 13, 27, 0xfffd, 0x2028),
    () => '',
  ])();
}
