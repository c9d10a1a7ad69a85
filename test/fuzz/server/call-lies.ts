import { gzipSync } from 'node:zlib';
import { serverTexts } from '#src/errors/index.js';
import type { Random } from '../../sim/random.js';
import { frame, type ScriptedCall } from '../../support/scripted-server.js';
import { emptyElements, junk, mutations } from './mutate.js';

/** What an answer is made of, and what there is to make something else of it. */
export interface Scene {
  readonly call: ScriptedCall;
  /** The honest message; on a stream, the next one. */
  readonly message: Buffer;
  readonly random: Random;
  /** An honest message of another call. */
  readonly other: Buffer;
  /** Goes on as if nothing was wrong. */
  goOn(message: Buffer): void;
  /** Bytes straight into the connection, past HTTP/2. */
  inject(bytes: Buffer): void;
  after(ms: number, action: () => void): void;
}

export interface Lie {
  readonly name: string;
  readonly weight: number;
  tell(scene: Scene): void;
}

const MiB = 1024 * 1024;
const headers = { ':status': 200, 'content-type': 'application/grpc' };
export const goodSettings = {
  maxConcurrentStreams: 1_000,
  initialWindowSize: 65_535,
  maxHeaderListSize: 65_535,
};
const lie = (name: string, tell: (scene: Scene) => void, weight = 1): Lie => ({ name, weight, tell });

/** Compressed when they are first needed: it takes a while. */
const bombs = new Map<string, Buffer>();
function bomb(name: string, make: () => Buffer): Buffer {
  const made = bombs.get(name) ?? gzipSync(make());
  bombs.set(name, made);
  return made;
}

/** What a server may do to any call, unary or stream. A HEADERS frame without `:status` is left out: it may abort Node. */
export const callLies: readonly Lie[] = [
  ...mutations.map(({ name, apply }) =>
    lie(name, ({ goOn, message, random }) => goOn(apply(message, random)), 3),
  ),
  lie('the answer to another call', ({ goOn, other }) => goOn(other), 3),
  lie('two answers', ({ call, goOn, message }) => {
    call.send(message);
    goOn(message);
  }),
  lie('an odd status', ({ call, random }) => call.end(random.between(0, 20), oddText(random)), 4),
  lie('a status and headers in one', ({ call, random }) => {
    if (call.stream.headersSent || call.stream.destroyed) return;
    const code = random.pick(['abc', '-1', '999', '', '1e3', '14']);
    call.stream.respond(
      { ...headers, 'grpc-status': code, 'grpc-message': random.pick(['%zz', '%', 'x'.repeat(8_000)]) },
      { endStream: true },
    );
  }),
  lie('a page', ({ call, random }) => {
    if (call.stream.headersSent || call.stream.destroyed) return;
    call.stream.respond({
      ':status': random.pick([200, 301, 404, 502, 503]),
      'content-type': random.pick(['text/html', 'application/grpc+json', '']),
    });
    call.stream.end('<html></html>');
  }),
  lie('no trailers', ({ call, message }) => {
    if (call.stream.headersSent || call.stream.destroyed) return;
    call.stream.respond(headers);
    call.stream.end(frame(message));
  }),
  lie('a reset', ({ call, random }) =>
    call.stream.close(random.pick([0, 1, 2, 3, 5, 7, 8, 9, 11, 13, 4_711])),
  ),
  lie('an early end', ({ call }) => call.end()),
  lie('silence', () => {}),
  lie('half a message', ({ call, message, random }) => {
    call.raw(frame(message).subarray(0, random.between(1, message.length + 4)));
    if (random.chance(0.5)) call.end();
  }),
  lie('half a message and a hang-up', ({ call, message, after }) => {
    call.raw(frame(message).subarray(0, 3 + Math.floor(message.length / 2)));
    after(5, () => call.stream.session?.destroy());
  }),
  lie(
    'an answer late',
    ({ goOn, message, random, after }) => after(random.between(20, 2_500), () => goOn(message)),
    3,
  ),
  lie('an answer in pieces', ({ call, goOn, message, after, random }) => {
    const whole = frame(message);
    const at = random.between(0, whole.length);
    call.raw(whole.subarray(0, at));
    after(random.between(1, 300), () => {
      call.raw(whole.subarray(at));
      goOn(Buffer.alloc(0));
    });
  }),
  lie('a message that claims to be large', ({ call, message, random }) =>
    call.raw(frame(message, random.pick([2 ** 32 - 1, 2 ** 31, 9 * MiB, 7 * MiB]))),
  ),
  lie('a message of nothing but zeros', ({ goOn, random }) => goOn(Buffer.alloc(random.between(1, 5 * MiB)))),
  lie('a large field that nobody knows', ({ goOn, message }) =>
    goOn(Buffer.concat([message, Buffer.from([0x9a, 0x3f, 0x80, 0x80, 0xc0, 0x02]), Buffer.alloc(5 * MiB)])),
  ),
  lie('the mark of compression', ({ call, message }) => call.raw(frame(message, message.length, 1))),
  lie('a bomb', ({ call, random }) => {
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
  lie('a GOAWAY', ({ call, random, goOn, message }) => {
    call.stream.session?.goaway(
      random.pick([0, 2, 11]),
      random.pick([0, 2 ** 31 - 1]),
      random.chance(0.5) ? Buffer.from('too_many_pings') : undefined,
    );
    if (random.chance(0.5)) goOn(message);
  }),
  lie('settings that change', ({ call, random, goOn, message, after }) => {
    const session = call.stream.session;
    session?.settings(
      random.pick([
        { maxConcurrentStreams: 0 },
        { initialWindowSize: 0 },
        { maxConcurrentStreams: 1, maxHeaderListSize: 16 },
      ]),
    );
    goOn(message);
    after(random.between(50, 800), () => {
      if (!session?.destroyed) session?.settings(goodSettings);
    });
  }),
  lie('a connection that ends', ({ call }) => call.stream.session?.destroy()),
  // A frame too long for anybody: shorter ones may be headers without an end, which abort Node.
  lie('bytes that are not HTTP/2', ({ inject, random }) =>
    inject(Buffer.concat([Buffer.alloc(9, 0xff), junk(random, 64)])),
  ),
];

/** Texts of etcd's under codes that are not theirs, and texts that a parser may trip over. */
function oddText(random: Random): string {
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
