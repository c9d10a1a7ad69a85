import type { Etcdctl } from '../etcdctl.js';
import { type Active, type Fault, nobody, pause, type World } from '../faults/world.js';
import type { Hand } from './hand.js';
import type { Story } from './story.js';
import type { Asked, Told } from './told.js';
import { recordOf } from './values.js';
import type { Present } from './wellness.js';

/** What may befall the processes themselves. */
export function handFaults(
  hands: readonly Hand[],
  present: Present,
  etcdctl: Etcdctl,
  story: Story,
): readonly Fault[] {
  const registrars = hands.filter(({ role }) => role === 'registrar');
  const viewers = hands.filter(({ role }) => role === 'viewer');
  const rivals = registrars.filter(({ key }) => registrars.filter((other) => other.key === key).length > 1);
  const owners = () => registrars.filter((hand) => ownerOf(hand, present) === hand.life);
  const owner = () => owners().filter((hand) => rivals.includes(hand));
  const closing = (hand: Hand, world: World) => close(hand, world, etcdctl, story, false);
  return [
    frozen('pause-registrar', () => registrars, [500, 8_000]),
    frozen('pause-viewer', () => viewers, [500, 8_000]),
    killed('kill-registrar', () => registrars, [200, 6_000]),
    killed('kill-viewer', () => viewers, [200, 2_000]),
    killed('kill-owner', owner, [4_500, 7_000]),
    frozen('pause-owner', owner, [4_500, 7_000]),
    strike('close-registrar', owners, [300, 1_500], closing),
    strike(
      'close-unheard',
      () => registrars,
      [4_500, 5_500],
      (hand, world) => close(hand, world, etcdctl, story, true),
    ),
    strike(
      'leave-viewer',
      () => viewers,
      [1_000, 2_000],
      (hand) => leave(hand, 'leave'),
    ),
    strike(
      'close-viewer',
      () => viewers,
      [1_000, 2_000],
      (hand) => leave(hand, 'close'),
    ),
  ];
}

function ownerOf({ key }: Hand, present: Present): string | undefined {
  const kv = present.get(key);
  return kv && recordOf(kv)?.life;
}

/** Stopped, also for longer than its lease lives. */
function frozen(name: string, hands: () => readonly Hand[], holdMs: Fault['holdMs']): Fault {
  return strike(name, hands, holdMs, (hand) => {
    hand.freeze();
    return Promise.resolve(() => Promise.resolve(hand.thaw()));
  });
}

function killed(name: string, hands: () => readonly Hand[], holdMs: Fault['holdMs']): Fault {
  return strike(name, hands, holdMs, async (hand) => {
    await hand.kill();
    return async () => hand.start();
  });
}

/** The process stays a while, so that it could still write, and another takes its place. */
async function close(
  hand: Hand,
  world: World,
  etcdctl: Etcdctl,
  story: Story,
  cutOff: boolean,
): Promise<Heal> {
  if (cutOff) for (const { proxy } of hand.doors) proxy.blackhole();
  const told = (await hand.ask('close')) as Told & { type: 'closed' };
  const revision = await etcdctl.revision((await world.cluster.leader()).endpoint);
  story.add({ kind: 'closed', life: hand.life, from: told.from, to: told.to, cutOff, revision });
  return async () => {
    await hand.kill();
    if (cutOff) for (const { proxy } of hand.doors) proxy.heal();
    hand.start();
  };
}

async function leave(hand: Hand, asked: Asked): Promise<Heal> {
  await hand.ask(asked);
  return async () => {
    await hand.kill();
    hand.start();
  };
}

type Heal = () => Promise<void>;

/** Long enough for one of the rivals to have taken over. */
const patienceMs = 10_000;

function strike(
  name: string,
  hands: () => readonly Hand[],
  holdMs: Fault['holdMs'],
  begin: (hand: Hand, world: World) => Promise<Heal>,
): Fault {
  return {
    name,
    holdMs,
    async begin(world, random): Promise<Active> {
      for (const until = performance.now() + patienceMs; performance.now() < until; ) {
        if (hands().length > 0) break;
        await pause(50, new AbortController().signal);
      }
      if (hands().length === 0) return nobody;
      const hand = random.pick(hands());
      const heal = await begin(hand, world);
      const end = async () => {
        await heal();
        return { isTrue: true };
      };
      return { target: hand.name, clients: [hand.name], end };
    },
  };
}
