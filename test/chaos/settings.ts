import { parseArgs } from 'node:util';
import { integerOption } from '../sim/integer-option.js';

/** `kv`: clients write, read and hold leases. The others can run together. */
export const workloads = ['kv', 'lock', 'election'] as const;
export type WorkloadName = (typeof workloads)[number];

export const help = `npm run chaos -- [options]

Breaks a real cluster of three at random while clients of the library write, read and hold leases. Then checks
everything that the clients observed against what etcdctl saw.

  --workload W     what the clients do: 'kv' (default), 'lock', 'election', or both of these: 'lock,election'
  --seconds N      duration of the workload (default 60; at least 20, for locks 5); longer if a fault had no
                   effect yet, from 20 on
  --seed S         determines faults, ops and timeouts (default: random, printed)
  --etcd PATH      the etcd to break, with an etcdctl beside it (default: the one that the test kit finds)
  --auth           the clients are a user who may not read some keys, and ask for them in batches with others
  --grpc-proxies N the clients connect through N 'etcd grpc-proxy' of the same release, which are killed and paused too
                   (default 0: directly; not with --auth, because a proxy renews leases without a token)
  --keep-history   save the history even without a violation
  --check FILE     check a saved history of this workload, run nothing
  --record         write the figures to docs/proof, for the page docs/proof.md
  --help           this text

With 'lock' and 'election', the clients are processes that take locks or campaign; they are killed, stopped for twice
their TTL and cut off, and their keys are deleted by hand. Go's mutex and the lock of etcd3 do the same under names of
their own, if they are installed; their violations are printed, and have no effect on the exit code.

Exit code 0: no violation. 1: a violation; its facts are printed and the history is saved. 2: inconclusive: a fault
had no effect, no write was ambiguous, no ambiguous write was applied, no lease was lost, or no read was refused
(--auth). 3: the run itself failed. 130: interrupted; faults are healed and no process is left running.`;

export interface Settings {
  /** At least one; 'kv' is alone. */
  readonly workload: readonly WorkloadName[];
  readonly seconds: number;
  readonly seed: number;
  readonly etcd: string | undefined;
  readonly auth: boolean;
  /** Between the clients and the members; 0: the clients connect directly. */
  readonly grpcProxies: number;
  readonly keepHistory: boolean;
  readonly check: string | undefined;
  readonly record: boolean;
  readonly help: boolean;
}

/** @throws {TypeError} for an unknown option or an invalid value. */
export function parseSettings(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      workload: { type: 'string', default: 'kv' },
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      etcd: { type: 'string' },
      auth: { type: 'boolean', default: false },
      'grpc-proxies': { type: 'string', default: '0' },
      'keep-history': { type: 'boolean', default: false },
      check: { type: 'string' },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const workload = parseWorkload(values.workload);
  if (values.auth && !workload.includes('kv'))
    throw new TypeError("--auth is for the workload 'kv'; the others read and write every key");
  const grpcProxies = integerOption('--grpc-proxies', values['grpc-proxies'], 0);
  if (grpcProxies > 0 && (values.auth || !workload.includes('kv')))
    throw new TypeError("--grpc-proxies is for the workload 'kv' without --auth");
  return {
    workload,
    seconds: integerOption('--seconds', values.seconds, workload.includes('kv') ? 20 : 5),
    seed: values.seed === undefined ? randomSeed() : integerOption('--seed', values.seed, 0),
    etcd: values.etcd,
    auth: values.auth,
    grpcProxies,
    keepHistory: values['keep-history'],
    check: values.check,
    record: values.record,
    help: values.help,
  };
}

function parseWorkload(text: string): WorkloadName[] {
  const names = [...new Set(text.split(','))];
  const unknown = names.find((name) => !workloads.some((one) => one === name));
  if (unknown !== undefined)
    throw new TypeError(`--workload has '${unknown}'; it must be one of ${workloads.join(', ')}`);
  if (names.includes('kv') && names.length > 1)
    throw new TypeError("--workload runs 'kv' alone, or 'lock' and 'election' together");
  return names as WorkloadName[];
}

function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
