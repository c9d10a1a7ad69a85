import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { skipIfExternal } from '../support/etcd.js';
import { situations } from './situations/index.js';
import type { PeerApi, Situation } from './situations/situation.js';
import { accessPassword } from './support/access.js';
import { loadPeer } from './support/peer.js';
import { PeerTimers } from './support/peer-timers.js';
import { startGuarded } from './support/servers.js';
import { Stage } from './support/stage.js';

describe('a situation in which etcd3 and this package differ', function () {
  this.timeout(60_000);
  const etcds: EtcdHandle[] = [];
  let stage: Stage;
  let guarded: Stage;

  before(async function () {
    this.timeout(300_000);
    skipIfExternal(this);
    etcds.push(await startEtcd(), await startGuarded());
    const [open, withUsers] = etcds;
    const timers = new PeerTimers();
    const peer = { module: loadPeer(timers), timers };
    stage = await Stage.open(open!, peer);
    guarded = await Stage.open(withUsers!, { ...peer, auth: { username: 'u', password: accessPassword } });
  });

  after(async () => {
    await Promise.all([stage?.close(), guarded?.close()]);
    await Promise.all(etcds.map((etcd) => etcd.close()));
  });

  const stageOf = async ({ guarded: isGuarded }: Situation) => {
    if (isGuarded) return guarded;
    await stage.prepare({});
    return stage;
  };

  for (const [name, situation] of Object.entries(situations)) {
    describe(name, () => {
      it('ends as the page says with etcd3', async () => {
        const at = await stageOf(situation);
        await at.withPeer('', {}, ({ etcd3 }) => situation.etcd3(etcd3 as PeerApi, at.outcome('etcd3', [])));
      });

      it('ends as the page says with this package', async () => {
        const at = await stageOf(situation);
        await at.withOurs('', {}, ({ client }) => situation.ours(client, at.outcome('ours', [])));
      });
    });
  }
});
