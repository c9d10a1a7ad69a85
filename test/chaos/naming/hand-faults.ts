import type { Etcdctl } from '../etcdctl.js';
import { type Active, type Fault, pause, type World } from '../faults/world.js';
import type { Hand } from './crew.js';
import type { Closed } from './told.js';

/** What may befall the processes themselves. */
export function handFaults(hands: readonly Hand[], etcdctl: Etcdctl, closes: Closed[]): readonly Fault[] {
  const registrars = hands.filter(({ role }) => role === 'registrar');
  const viewers = hands.filter(({ role }) => role === 'viewer');
  return [
    frozen('pause-registrar', registrars, [500, 8_000]),
    frozen('pause-viewer', viewers, [500, 8_000]),
    killed('kill-registrar', registrars, [200, 6_000]),
    killed('kill-viewer', viewers, [200, 2_000]),
    closed(registrars, etcdctl, closes),
  ];
}

/** Stopped, also for longer than its lease lives. */
function frozen(name: string, hands: readonly Hand[], holdMs: Fault['holdMs']): Fault {
  return strike(name, hands, holdMs, async (hand) => {
    hand.freeze();
    return async () => hand.thaw();
  });
}

function killed(name: string, hands: readonly Hand[], holdMs: Fault['holdMs']): Fault {
  return strike(name, hands, holdMs, async (hand) => {
    await hand.kill();
    return async () => hand.start();
  });
}

/** Its record goes, and does not come back before the process does. */
function closed(hands: readonly Hand[], etcdctl: Etcdctl, closes: Closed[]): Fault {
  return strike('close-registrar', hands, [0, 0], async (hand, { cluster }) => {
    await hand.close();
    const revision = async () => (await etcdctl.all((await cluster.leader()).endpoint)).revision;
    const from = await revision();
    await pause(1_000, new AbortController().signal);
    closes.push({ key: hand.key, from, to: await revision() });
    return async () => hand.start();
  });
}

function strike(
  name: string,
  hands: readonly Hand[],
  holdMs: Fault['holdMs'],
  begin: (hand: Hand, world: World) => Promise<() => Promise<void>>,
): Fault {
  return {
    name,
    holdMs,
    async begin(world, random): Promise<Active> {
      const hand = random.pick(hands);
      const heal = await begin(hand, world);
      const end = async () => {
        await heal();
        return { isTrue: true };
      };
      return { target: hand.name, clients: [hand.name], end };
    },
  };
}
