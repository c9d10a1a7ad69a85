// npm run campaign:locks: do the locks of different clients exclude each other?
import { parseArgs } from 'node:util';
import { EtcdClient } from '#src/index.js';
import { locateEtcd, startEtcd } from '#src/testing/index.js';
import { integerOption } from '../../sim/integer-option.js';
import { recordProof, typedCommand } from '../../support/proof.js';
import { goProgram } from '../support/go-build.js';
import { runMatrix } from './matrix.js';
import { sides } from './messages.js';
import { toProof, toTable, toViolationLines } from './table.js';

const help = `npm run campaign:locks [-- options]

  --rounds <n>        rounds of each cell: default 200
  --kills <n>         rounds of each cell in which the holder is killed: default 10
  --waiter-kills <n>  rounds of each cell in which a waiter is killed: default 5
  --side <side>       ${sides.join(', ')}; several select a part of the matrix: default all
  --at-once <n>       cells at a time: default 4
  --version <v>       the release of etcd and etcdctl; default: the first that is found
  --record            write the figures to docs/proof, for the page docs/proof.md

A cell is a holder and a waiter, each a process, that take one lock in turns: this package's, Go's concurrency.Mutex,
etcdctl lock, the server's Lock RPC. The holder reads a counter in a file and remains until the waiter waits; then it
writes the counter and releases the lock, or is killed with SIGKILL before the write. In some rounds a second waiter
between the two is killed while the holder remains. Each process writes what it has read plus one. Prints a table: rounds,
holders and waiters killed, violations, the longest time from a release, and from a kill of the holder, to the next entry.
A violation is: two processes in the critical section at a time, by the machine's monotonic clock; a counter that is not
the number of increments; a token that is not higher than the one before; a lock that is not passed on within a minute.
Exit code 1 if there is one. Needs Linux and a Go toolchain.`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    kills: { type: 'string', default: '10' },
    'waiter-kills': { type: 'string', default: '5' },
    side: { type: 'string', multiple: true, default: [...sides] },
    'at-once': { type: 'string', default: '4' },
    version: { type: 'string' },
    record: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const unknown = values.side.filter((side) => !sides.some((known) => known === side));
if (unknown.length > 0) {
  console.error(`unknown side ${unknown}: one of ${sides.join(', ')}`);
  process.exit(2);
}
const selected = sides.filter((side) => values.side.includes(side));
const plan = {
  sides: selected,
  rounds: integerOption('--rounds', values.rounds, 1),
  holderKills: integerOption('--kills', values.kills, 0),
  waiterKills: integerOption('--waiter-kills', values['waiter-kills'], 0),
  atOnce: integerOption('--at-once', values['at-once'], 1),
};
const { version } = values;
const etcd = await startEtcd(version === undefined ? {} : { version });
const { etcdctl } = await locateEtcd({ version: etcd.version });
if (etcdctl === undefined) throw new Error(`there is no etcdctl for etcd ${etcd.version}`);
const client = new EtcdClient(etcd.clientOptions);
console.log(`etcd ${etcd.version}; ${selected.length ** 2} cells, ${plan.atOnce} at a time`);
const startedAt = performance.now();
const results = await runMatrix(
  plan,
  {
    client,
    prefix: etcd.prefix,
    programs: { endpoint: etcd.endpoints[0] ?? '', etcdctl, go: await goProgram('go-lock') },
  },
  ({ plan: { holder, waiter }, increments, violations }) =>
    console.log(`${holder} → ${waiter}: ${increments} increments, ${violations.length} violations`),
);
await client.close();
await etcd.close();
console.log(`\n${toTable(results)}\n`);
for (const line of toViolationLines(results)) console.log(line);
console.log(`${Math.round((performance.now() - startedAt) / 1_000)} s`);
if (values.record)
  await recordProof('locks', {
    command: typedCommand('campaign:locks'),
    passed: toViolationLines(results).length === 0,
    etcd: [etcd.version],
    ...toProof(results),
  });
process.exitCode = toViolationLines(results).length > 0 ? 1 : 0;
