import type { FaultProxy } from '#src/testing/index.js';
import type { Random } from '../../sim/random.js';
import type { Active, Door, Fault, World } from './world.js';

/** Faults of the clients' own network, and of the process that they live in. */
export const linkFaults: readonly Fault[] = [
  link('reset', [0, 100], (proxy) => proxy.cut()),
  reconnecting('reset-at-answer', (proxy, random) => proxy.cutAfterBytes(random.between(0, 60), 'down')),
  reconnecting('reset-mid-request', (proxy, random) => proxy.cutAfterBytes(random.between(1, 150), 'up')),
  link('refuse', [300, 2_000], (proxy) => proxy.refuse()),
  link('blackhole', [500, 3_500], (proxy) => proxy.blackhole()),
  link('drop-answers', [500, 3_000], (proxy) => proxy.blackhole('down')),
  link('stall', [300, 2_500], (proxy) => proxy.stall()),
  link('delay', [500, 3_000], (proxy, random) => proxy.delay(random.between(20, 400))),
  { name: 'stand-still', holdMs: [0, 0], begin: standStill },
];

const losesBytes: readonly string[] = ['blackhole', 'drop-answers'];

/** The clients' keepalive needs so long to give up a connection that stays silent. */
const untilFoundOutMs = 7_500;

type Break = (proxy: FaultProxy, random: Random) => void;

function link(name: string, holdMs: Fault['holdMs'], breakIt: Break): Fault {
  const begin = (world: World, random: Random): Promise<Active> => {
    const { target, doors } = aim(world, random);
    const wasUsed = doors.some(({ proxy }) => proxy.connections > 0);
    for (const { proxy } of doors) breakIt(proxy, random);
    const end = () => {
      for (const { proxy } of doors) proxy.heal();
      if (!losesBytes.includes(name)) return Promise.resolve({ isTrue: wasUsed });
      // A link that has lost bytes stays silent; most are then found out by a reset, as a router's that came back.
      const resets = random.chance(0.7);
      if (resets) for (const { proxy } of doors) proxy.cut();
      return Promise.resolve({ isTrue: wasUsed, mendsMs: resets ? 0 : untilFoundOutMs });
    };
    return Promise.resolve({ target, clients: clientsOf(doors), end });
  };
  return { name, holdMs, begin };
}

/** Breaks at a byte that has yet to come; it has hit once a client had to dial again. */
function reconnecting(name: string, breakIt: Break): Fault {
  const begin = (world: World, random: Random): Promise<Active> => {
    const { target, doors } = aim(world, random);
    const before = accepted(doors);
    for (const { proxy } of doors) breakIt(proxy, random);
    const end = () => {
      for (const { proxy } of doors) proxy.heal();
      return Promise.resolve({ isTrue: accepted(doors) > before });
    };
    return Promise.resolve({ target, clients: clientsOf(doors), end });
  };
  return { name, holdMs: [1_000, 2_000], begin };
}

/** Every door of one client, or the doors of all clients to one member. */
function aim({ doors, cluster }: World, random: Random): { target: string; doors: readonly Door[] } {
  if (random.chance(0.5)) {
    const { name } = random.pick(cluster.members);
    return { target: `all to ${name}`, doors: doors.filter(({ member }) => member === name) };
  }
  const { clients } = random.pick(doors);
  return { target: clients.join(' '), doors: doors.filter((door) => door.clients === clients) };
}

function clientsOf(doors: readonly Door[]): string[] {
  return [...new Set(doors.flatMap(({ clients }) => clients))];
}

function accepted(doors: readonly Door[]): number {
  return doors.reduce((sum, { proxy }) => sum + proxy.accepted, 0);
}

/** The whole process stands still, as one that is paused or whose machine sleeps: longer than the shortest lease. */
function standStill(_: World, random: Random): Promise<Active> {
  const ms = random.between(900, 2_700);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return Promise.resolve({
    target: `for ${ms} ms`,
    clients: 'all',
    end: () => Promise.resolve({ isTrue: true }),
  });
}
