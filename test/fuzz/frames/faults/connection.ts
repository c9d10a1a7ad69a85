import { junk } from '../../server/mutate.js';
import { flags, frame, frameTypes, settings, words } from '../frame.js';
import { type FrameFault, fault } from './fault.js';

const { ping, goAway, windowUpdate, settings: settingsType } = frameTypes;
const maxInt = 2 ** 31 - 1;

/** Settings of the server that are legal but extreme, and ones that are not legal. */
const extremes: readonly (readonly [name: string, ...(readonly [id: number, value: number])[]])[] = [
  ['a table of 0 bytes', [1, 0]],
  ['a table of 4 GiB', [1, 2 ** 32 - 1]],
  ['push enabled', [2, 1]],
  ['push as 7', [2, 7]],
  ['no concurrent stream', [3, 0]],
  ['one concurrent stream', [3, 1]],
  ['a window of 0', [4, 0]],
  ['a window of 1 byte', [4, 1]],
  ['the largest window', [4, maxInt]],
  ['a window that is too large', [4, 2 ** 31]],
  ['frames of 0 bytes', [5, 0]],
  ['frames of 16 MiB', [5, 2 ** 24 - 1]],
  ['frames of 4 GiB', [5, 2 ** 32 - 1]],
  ['headers of 0 bytes', [6, 0]],
  ['an unknown setting', [0xffff, 1], [0, 0]],
  ['the same setting many times', ...Array.from({ length: 200 }, (_, i) => [4, i] as const)],
];

const errorCodes = [...Array.from({ length: 14 }, (_, code) => code), 0xff, 2 ** 32 - 1];

/** SETTINGS, PING, GOAWAY and WINDOW_UPDATE of the connection. */
export const connectionFaults: readonly FrameFault[] = [
  ...extremes.map(([name, ...pairs]) =>
    fault(
      'any',
      `SETTINGS: ${name}`,
      ({ peer }) => {
        peer.send(frame(settingsType, 0, settings(...pairs)));
      },
      { weight: 0.5 },
    ),
  ),
  fault('any', 'SETTINGS with a broken length', ({ peer, random }) => {
    peer.send(frame(settingsType, 0, junk(random, random.pick([1, 5, 7, 13]))));
  }),
  fault('any', 'SETTINGS on a stream', ({ peer, random }) => {
    peer.send(frame(settingsType, random.pick([1, ...peer.open]), settings([4, 65_535])));
  }),
  fault('any', 'SETTINGS that acknowledge nothing', ({ peer, random }) => {
    const payload = random.pick([Buffer.alloc(0), settings([3, 1])]);
    peer.send(frame(settingsType, 0, payload, flags.ack));
  }),
  fault('any', 'a flood of SETTINGS', ({ peer, random }) => {
    for (let i = random.between(50, 900); i > 0; i--) peer.send(frame(settingsType, 0, settings([3, 1_000])));
  }),
  fault('any', 'a flood of PING', ({ peer, random }) => {
    for (let i = random.between(50, 2_000); i > 0; i--) peer.send(frame(ping, 0, junk(random, 8)));
  }),
  fault('any', 'a PING of another length', ({ peer, random }) => {
    peer.send(frame(ping, 0, junk(random, random.pick([0, 7, 9, 100]))));
  }),
  fault('any', 'a PING on a stream', ({ peer, random }) => {
    peer.send(frame(ping, random.pick([1, ...peer.open]), Buffer.alloc(8)));
  }),
  fault('any', 'an answer to no PING', ({ peer, random }) => {
    peer.send(frame(ping, 0, junk(random, 8), flags.ack));
  }),
  fault(
    'any',
    'GOAWAY',
    ({ peer, random }) => {
      const last = random.pick([0, 1, ...peer.open, maxInt]);
      const debug = random.pick([
        Buffer.alloc(0),
        Buffer.from('too_many_pings'),
        junk(random, random.between(1, 200)),
        Buffer.alloc(10_000, 0xff),
      ]);
      peer.send(frame(goAway, 0, Buffer.concat([words(last, random.pick(errorCodes)), debug])));
    },
    { weight: 4 },
  ),
  fault('any', 'GOAWAY twice, the second with a higher stream', ({ peer, random }) => {
    const code = random.pick(errorCodes);
    peer.send(frame(goAway, 0, words(1, code)), frame(goAway, 0, words(maxInt, code)));
  }),
  fault(
    'any',
    'GOAWAY, and silence',
    ({ peer }) => {
      peer.send(frame(goAway, 0, words(0, 0)));
      peer.silence();
      return 'drop';
    },
    { weight: 0.3 },
  ),
  fault('any', 'GOAWAY on a stream, or cut short', ({ peer, random }) => {
    const onStream = frame(goAway, random.pick([1, ...peer.open]), words(0, 0));
    peer.send(random.pick([onStream, frame(goAway, 0, words(0))]));
  }),
  fault('any', 'a window that overflows', ({ peer }) => {
    peer.send(frame(windowUpdate, 0, words(maxInt)), frame(windowUpdate, 0, words(maxInt)));
  }),
  fault('any', 'a WINDOW_UPDATE of 0', ({ peer }) => {
    peer.send(frame(windowUpdate, 0, words(0)));
  }),
  fault('any', 'a WINDOW_UPDATE of another length', ({ peer, random }) => {
    peer.send(frame(windowUpdate, 0, junk(random, random.pick([0, 3, 5]))));
  }),
  fault('any', 'no WINDOW_UPDATE any more', ({ peer }) => {
    peer.withholdWindows();
  }),
];
