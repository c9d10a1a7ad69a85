/**
 * The campaigns that write their figures to `docs/proof/<name>.json` with `--record`, in the order of the page, and what
 * follows `npm run` in the command of each.
 */
export const campaigns = {
  robustness: 'robustness',
  'robustness-mutants': 'robustness -- --mutants',
  chaos: 'chaos',
  'chaos-locks': 'chaos -- --workload lock,election',
  'chaos-naming': 'chaos:naming',
  'chaos-calls': 'chaos:calls',
  convergence: 'campaign:convergence',
  registration: 'campaign:registration',
  lease: 'campaign:lease',
  locks: 'campaign:locks',
  outage: 'campaign:outage',
  shutdown: 'campaign:shutdown',
  departures: 'campaign:departures',
  versions: 'campaign:versions',
  fronts: 'campaign:fronts',
  frames: 'fuzz -- --target frames',
  'go-fuzz': 'fuzz -- --target go',
  soak: 'soak',
  scale: 'campaign:scale',
};
