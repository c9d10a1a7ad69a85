import { parseArgs } from 'node:util';
import { integerOption } from '../sim/integer-option.js';
import { RECORD_HELP } from '../support/proof.js';

export const leakKinds = ['memory', 'watchers'] as const;
export type LeakKind = (typeof leakKinds)[number];

export const help = `npm run soak -- [options]

A process registers services, resolves them for channels of grpc-js, watches, mirrors, picks, locks, campaigns and calls
etcd at a steady rate, while clients, channels, watchers, endpoints and pickers come and go. etcd is a cluster of three
behind proxies, with a fault every 30 s: all of the chaos suite, and leases revoked, keys deleted, members restarted. Every
10 s it samples memory after a garbage collection, handles, descriptors and the delay of the event loop, the gauges of the
clients, and watchers, streams and leases in etcd. At the end the load stops: all gauges must return to where they began,
nothing may be left in etcd, and the process must end by itself. Prints the slopes, each with an interval of 95 % and the
smallest that a run of this length finds.

  --hours H         how long the load lasts (default 0.75; at most 168)
  --seed S          determines order, targets and times of the faults (default: random, printed)
  --calls N         calls to etcd per second (default 200)
  --events N        watched writes per second (default 20)
  --fault-seconds N the time from one fault to the next, at least 20 (default 30)
  --etcd VERSION    the release to run (default: 3.6.16 if it is in the cache, else the one that the test kit finds)
  --leak KIND       plants a leak, which the run must find: ${leakKinds.join(' or ')} (5 KB a second; watchers not closed)
  --out FOLDER      where the samples are written (default: a temporary folder)
  --svg PATH        draws the samples (default with --record: docs/images/soak.svg)
  ${RECORD_HELP}
  --help            this text

Linux only. Exit code 0: the slope of the heap is within its limit, no other slope is above its own (the run names those
that it is too short to know), everything returned, no event was missed. 1: a slope is above its limit, something did not
return, or a check failed. 2: undecided, because the run is too short for the slope of the heap or too little happened; also
a wrong option. 3: the run itself failed. 130: interrupted. Nothing remains of the run but its samples.`;

export interface Settings {
  readonly hours: number;
  readonly seed: number;
  readonly callsPerSecond: number;
  readonly eventsPerSecond: number;
  readonly faultSeconds: number;
  readonly etcd: string | undefined;
  readonly leak: LeakKind | undefined;
  readonly out: string | undefined;
  readonly svg: string | undefined;
  readonly record: boolean;
  readonly help: boolean;
}

/** @throws {TypeError} for an unknown option or an invalid value. */
export function parseSettings(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      hours: { type: 'string', default: '0.75' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      calls: { type: 'string', default: '200' },
      events: { type: 'string', default: '20' },
      'fault-seconds': { type: 'string', default: '30' },
      etcd: { type: 'string' },
      leak: { type: 'string' },
      out: { type: 'string' },
      svg: { type: 'string' },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.record && values.leak !== undefined) throw new TypeError('a run with --leak is not recorded');
  return {
    hours: toHours(values.hours),
    seed: integerOption('--seed', values.seed, 0),
    callsPerSecond: integerOption('--calls', values.calls, 1),
    eventsPerSecond: integerOption('--events', values.events, 1),
    faultSeconds: integerOption('--fault-seconds', values['fault-seconds'], 20),
    etcd: values.etcd,
    leak: toLeak(values.leak),
    out: values.out,
    svg: values.svg,
    record: values.record,
    help: values.help,
  };
}

function toHours(text: string): number {
  const hours = Number(text);
  if (text.trim() === '' || !(hours >= 0.01 && hours <= 168))
    throw new TypeError(`--hours is '${text}'; it must be a number from 0.01 to 168`);
  return hours;
}

function toLeak(text: string | undefined): LeakKind | undefined {
  if (text === undefined) return undefined;
  const kind = leakKinds.find((name) => name === text);
  if (kind === undefined)
    throw new TypeError(`--leak is '${text}'; it must be one of ${leakKinds.join(', ')}`);
  return kind;
}
