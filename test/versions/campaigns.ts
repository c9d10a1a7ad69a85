import {
  callFigures,
  convergenceFigures,
  type FiguresOf,
  lockChaosFigures,
  lockFigures,
  namingFigures,
  robustnessFigures,
  suiteFigures,
} from './figures.js';

/** What a run of a campaign depends on, beside the release. */
export interface CellPlan {
  readonly seconds: number;
  readonly seed: number;
  /** `3.6.16` */
  readonly version: string;
}

/** A campaign of the project, as it runs on one release. The release is selected with `ETCD_BIN`. */
export interface VersionCampaign {
  readonly name: string;
  /** For the help. */
  readonly what: string;
  /** The npm script. */
  readonly script: string;
  args(plan: CellPlan): readonly string[];
  readonly figures: FiguresOf;
  /** Whether a second run with another seed may be conclusive. */
  readonly isSeeded: boolean;
}

function random(seconds: number, seed: number): string[] {
  return ['--seconds', String(seconds), '--seed', String(seed)];
}

const throughProxy = 'grpc-proxy';
/** It takes a minute and uses no etcd. */
const withoutEtcd = 'random stored values';

export const campaigns: readonly VersionCampaign[] = [
  {
    name: 'chaos',
    what: 'calls and leases during faults of a cluster (npm run chaos)',
    script: 'chaos',
    args: ({ seconds, seed }) => random(seconds, seed),
    figures: callFigures,
    isSeeded: true,
  },
  {
    name: 'chaos-auth',
    what: 'the same with authentication',
    script: 'chaos',
    args: ({ seconds, seed }) => [...random(seconds, seed), '--auth'],
    figures: callFigures,
    isSeeded: true,
  },
  {
    name: 'chaos-grpc-proxy',
    what: 'the same through two grpc-proxies, which are killed and paused too',
    script: 'chaos',
    args: ({ seconds, seed }) => [...random(seconds, seed), '--grpc-proxies', '2'],
    figures: callFigures,
    isSeeded: true,
  },
  {
    name: 'chaos-naming',
    what: 'registrations and directories during faults (npm run chaos:naming)',
    script: 'chaos:naming',
    args: ({ seconds, seed }) => random(seconds, seed),
    figures: namingFigures,
    isSeeded: true,
  },
  {
    name: 'chaos-locks',
    what: 'locks and elections during faults (npm run chaos)',
    script: 'chaos',
    // Its faults are of single processes, by role: it takes longer until each has had an effect.
    args: ({ seconds, seed }) => [...random(3 * seconds, seed), '--workload', 'lock,election'],
    figures: lockChaosFigures,
    isSeeded: true,
  },
  {
    name: 'convergence',
    what: 'how soon a watch is up to date after a fault (npm run campaign:convergence)',
    script: 'campaign:convergence',
    args: ({ seconds }) => [
      ...['--rounds', String(Math.ceil(seconds / 2.5))],
      ...['--longest', String(Math.ceil(seconds * 0.8))],
    ],
    figures: convergenceFigures,
    isSeeded: false,
  },
  {
    name: 'locks',
    what: "one lock in turns with Go's, etcdctl's and the server's (npm run campaign:locks)",
    script: 'campaign:locks',
    args: ({ seconds }) => [
      ...['--rounds', String(Math.ceil(seconds / 3))],
      ...['--kills', String(Math.ceil(seconds / 20))],
      ...['--waiter-kills', String(Math.ceil(seconds / 25))],
    ],
    figures: lockFigures,
    isSeeded: false,
  },
  {
    name: 'interop',
    what: 'the interop suite: Go and other frameworks against this package, directly',
    script: 'test',
    args: () => ['--only', 'interop', '--grep', `${throughProxy}|${withoutEtcd}`, '--invert'],
    figures: suiteFigures,
    isSeeded: false,
  },
  {
    name: 'interop-grpc-proxy',
    what: 'the interop suite: through a grpc-proxy',
    script: 'test',
    args: () => ['--only', 'interop', '--grep', throughProxy],
    figures: suiteFigures,
    isSeeded: false,
  },
  {
    name: 'robustness',
    what: "histories judged by etcd's own validators (npm run robustness)",
    script: 'robustness',
    args: ({ seconds, seed, version }) => [...random(seconds, seed), '--etcd', version],
    figures: robustnessFigures,
    isSeeded: true,
  },
];
