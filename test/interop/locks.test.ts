import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { skip, useEtcd } from '../support/etcd.js';
import { runCell } from './locks/cell.js';
import type { Programs } from './locks/contender.js';
import { runMatrix } from './locks/matrix.js';
import { sides } from './locks/messages.js';
import { toTable, toViolationLines } from './locks/table.js';
import { goProgram } from './support/go-build.js';
import { goOrSkip } from './support/go-naming.js';

describe('locks of different clients on one name', function () {
  this.timeout(120_000);
  const etcd = useEtcd();
  let client: EtcdClient;
  let programs: Programs;

  before(async function () {
    if (process.platform !== 'linux') skip(this, 'the processes compare the monotonic clock of Linux');
    await goOrSkip(this, 'go-lock');
    const { etcdctl, endpoints, clientOptions } = etcd();
    if (!etcdctl) skip(this, 'there is no etcdctl');
    programs = { etcdctl, go: await goProgram('go-lock'), endpoint: endpoints[0]! };
    client = new EtcdClient(clientOptions);
  });

  after(() => client?.close());

  it('exclude each other in each pair of holder and waiter, also after a kill of the holder or of a waiter', async () => {
    const plan = {
      sides,
      rounds: 4,
      holderKills: 1,
      waiterKills: 1,
      atOnce: 16,
    };
    const results = await runMatrix(plan, { client, prefix: etcd().prefix, programs });
    console.log(`\n${toTable(results)}\n`);
    assert.deepEqual(toViolationLines(results), []);
    for (const { increments } of results) assert.equal(increments, 2 * plan.rounds - plan.holderKills);
  });

  it('are reported as violated if the waiter does not wait', async () => {
    const plan = { holder: 'go', waiter: 'broken', rounds: 2, holderKills: 0, waiterKills: 0 } as const;
    const { violations } = await runCell(plan, { client, prefix: etcd().prefix, programs });
    assert.match(violations.join('\n'), /broken acquired .* before go left/);
    assert.match(violations.join('\n'), /broken has token 0 after/);
    assert.match(violations.join('\n'), /the counter is 2 after 4 increments/);
  });
});
