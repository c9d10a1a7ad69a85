import { parseArgs } from 'node:util';
import { integerOption } from '../../sim/integer-option.js';

export const help = `npm run chaos:calls -- [options]

Six servers and four workers of a node:cluster on one port run as processes. Each is registered by registerServer()
and drained before it exits. Four caller processes: one calls steadily, two let their channels idle between calls, one
opens a channel for each call. One server changes its weight every 50 to 200 ms. etcd is a cluster of three.
Faults are injected one at a time, in an order drawn from the seed; each occurs once before any is repeated. After each
fault the run waits until the steady callers see exactly the live servers. It counts failed calls by cause, except calls
in flight on a killed server (started before the caller observed the connection's end), and the fewest endpoints that
each caller saw. At least one server is live at any time.

  --seconds N        how long faults are injected (default 60)
  --policy P         balance or round_robin: the load-balancing policy (default balance)
  --seed S           determines order, targets and times of the faults (default: random, printed)
  --ttl SECONDS      TTL of the registrations (default 10, as in register()); stalls last 0.5, 1 and 2 TTL
  --faults A,B       only faults whose names contain one of these (default: all)
  --etcd PATH        the etcd to break (default: the one that the test kit finds)
  --record           write the figures to docs/proof, for the page docs/proof.md
  --help             this text

Linux only. Exit code 0: no call failed and no view was empty. 1: a call failed, a view was empty, or a step of the run
did not complete. 2: no failure, but a fault never happened. 130: interrupted.`;

export const policies = ['balance', 'round_robin'] as const;
export type Policy = (typeof policies)[number];

export interface Settings {
  readonly seconds: number;
  readonly policy: Policy;
  readonly seed: number;
  readonly ttlSeconds: number;
  readonly only: readonly string[];
  readonly etcd: string | undefined;
  readonly record: boolean;
  readonly help: boolean;
}

/** @throws {TypeError} for an unknown option or an invalid value. */
export function parseSettings(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      policy: { type: 'string', default: 'balance' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      ttl: { type: 'string', default: '10' },
      faults: { type: 'string' },
      etcd: { type: 'string' },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const policy = policies.find((name) => name === values.policy);
  if (policy === undefined)
    throw new TypeError(`--policy is '${values.policy}'; it must be one of ${policies.join(', ')}`);
  return {
    policy,
    seconds: integerOption('--seconds', values.seconds, 1),
    seed: integerOption('--seed', values.seed, 0),
    ttlSeconds: integerOption('--ttl', values.ttl, 3),
    only: values.faults?.split(',').filter((part) => part !== '') ?? [],
    etcd: values.etcd,
    record: values.record,
    help: values.help,
  };
}
