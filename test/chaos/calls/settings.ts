import { parseArgs } from 'node:util';

export const help = `npm run chaos:calls -- [options]

Six servers and four workers of a node:cluster on one port, each registered by registerServer() and drained before it
ends, in processes of their own; callers in four processes: steady ones, ones whose channels idle between calls, and ones
with a fresh channel for each call. One server changes its weight every 50 to 200 ms. A cluster of three etcd members.
One fault after the other, in an order that the seed draws, each once before any comes again; after each the run waits
until the steady callers see exactly the servers that live. Counted: failed calls by their cause, except those in flight
on a server that was killed (started before the caller's process saw the connection end), and the fewest endpoints that
each caller saw. At least one server lives at any time.

  --seconds N        how long faults begin (default 60)
  --policy P         balance or round_robin: what spreads the calls (default balance)
  --seed S           draws the order of the faults, their targets and times (default: drawn, and printed)
  --ttl SECONDS      of the registrations (default 10, which is register()'s own); stalls take 0.5, 1 and 2 of it
  --faults A,B       only faults whose name contains one of these (default: all)
  --etcd PATH        the etcd to break (default: as the test kit finds one)
  --help             this text

It needs Linux. Exit code 0: no call failed and no view was empty. 1: one did, or a step of the run did not come to its
end. 2: nothing is wrong, but a fault never happened. 130: interrupted.`;

export const policies = ['balance', 'round_robin'] as const;
export type Policy = (typeof policies)[number];

export interface Settings {
  readonly seconds: number;
  readonly policy: Policy;
  readonly seed: number;
  readonly ttlSeconds: number;
  readonly only: readonly string[];
  readonly etcd: string | undefined;
  readonly help: boolean;
}

/** @throws {TypeError} for what cannot be meant. */
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
      help: { type: 'boolean', default: false },
    },
  });
  const policy = policies.find((name) => name === values.policy);
  if (policy === undefined)
    throw new TypeError(`--policy is '${values.policy}'; it must be one of ${policies.join(', ')}`);
  return {
    policy,
    seconds: parseInteger('--seconds', values.seconds, 1),
    seed: parseInteger('--seed', values.seed, 0),
    ttlSeconds: parseInteger('--ttl', values.ttl, 3),
    only: values.faults?.split(',').filter((part) => part !== '') ?? [],
    etcd: values.etcd,
    help: values.help,
  };
}

function parseInteger(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
    throw new TypeError(`${name} is '${text}'; it must be a whole number of at least ${least}`);
  return value;
}
