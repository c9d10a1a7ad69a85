import type { FaultProxy } from '#src/testing/index.js';
import type { Random } from '../../sim/random.js';
import type { ActiveFault, Fault, FaultContext, Link } from './fault.js';

/** Faults of the clients' links and of the client process. */
export const linkFaults: readonly Fault[] = [
  linkFault('reset', [0, 100], (proxy) => proxy.cut()),
  reconnectFault('reset-at-answer', (proxy, random) => proxy.cutAfterBytes(random.between(0, 60), 'down')),
  reconnectFault('reset-mid-request', (proxy, random) => proxy.cutAfterBytes(random.between(1, 150), 'up')),
  linkFault('refuse', [300, 2_000], (proxy) => proxy.refuse()),
  linkFault('blackhole', [500, 3_500], (proxy) => proxy.blackhole()),
  linkFault('drop-answers', [500, 3_000], (proxy) => proxy.blackhole('down')),
  linkFault('stall', [300, 2_500], (proxy) => proxy.stall()),
  linkFault('delay', [500, 3_000], (proxy, random) => proxy.delay(random.between(20, 400))),
  { name: 'stall-process', durationMs: [0, 0], begin: stallProcess },
];

const byteLossFaults: readonly string[] = ['blackhole', 'drop-answers'];

/** How long the clients' keepalive takes to detect a silent connection. */
const keepaliveDetectionMs = 7_500;

type ApplyFault = (proxy: FaultProxy, random: Random) => void;

function linkFault(name: string, durationMs: Fault['durationMs'], breakIt: ApplyFault): Fault {
  const begin = (context: FaultContext, random: Random): Promise<ActiveFault> => {
    const { target, links } = pickLinks(context, random);
    const carriedTraffic = links.some(({ proxy }) => proxy.connections > 0);
    for (const { proxy } of links) breakIt(proxy, random);
    const end = () => {
      for (const { proxy } of links) proxy.heal();
      if (!byteLossFaults.includes(name)) return Promise.resolve({ tookEffect: carriedTraffic });
      // A link that lost bytes stays silent. Most are then reset, as by a router that has restarted.
      const resets = random.chance(0.7);
      if (resets) for (const { proxy } of links) proxy.cut();
      return Promise.resolve({ tookEffect: carriedTraffic, recoveryMs: resets ? 0 : keepaliveDetectionMs });
    };
    return Promise.resolve({ target, clients: clientsOf(links), end });
  };
  return { name, durationMs, begin };
}

/** Cuts the link after a number of further bytes. It took effect if a client had to reconnect. */
function reconnectFault(name: string, breakIt: ApplyFault): Fault {
  const begin = (context: FaultContext, random: Random): Promise<ActiveFault> => {
    const { target, links } = pickLinks(context, random);
    const before = acceptedConnections(links);
    for (const { proxy } of links) breakIt(proxy, random);
    const end = () => {
      for (const { proxy } of links) proxy.heal();
      return Promise.resolve({ tookEffect: acceptedConnections(links) > before });
    };
    return Promise.resolve({ target, clients: clientsOf(links), end });
  };
  return { name, durationMs: [1_000, 2_000], begin };
}

/** All links of one client, or every client's link to one server. */
function pickLinks({ links }: FaultContext, random: Random): { target: string; links: readonly Link[] } {
  if (random.chance(0.5)) {
    const name = random.pick([...new Set(links.map(({ server }) => server))]);
    return { target: `all to ${name}`, links: links.filter(({ server }) => server === name) };
  }
  const { clients } = random.pick(links);
  return { target: clients.join(' '), links: links.filter((link) => link.clients === clients) };
}

export function clientsOf(links: readonly Link[]): string[] {
  return [...new Set(links.flatMap(({ clients }) => clients))];
}

function acceptedConnections(links: readonly Link[]): number {
  return links.reduce((sum, { proxy }) => sum + proxy.accepted, 0);
}

/** Stalls this process for longer than the shortest lease, as SIGSTOP or a sleeping machine would. */
function stallProcess(_: FaultContext, random: Random): Promise<ActiveFault> {
  const ms = random.between(900, 2_700);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return Promise.resolve({
    target: `for ${ms} ms`,
    clients: 'all',
    end: () => Promise.resolve({ tookEffect: true }),
  });
}
