import { type EtcdClusterHandle, startFaultProxy } from '#src/testing/index.js';
import type { Door } from '../faults/world.js';
import type { Resources } from '../resources.js';
import { type Cast, Hand } from './hand.js';
import type { Limits } from './history.js';
import type { Story } from './story.js';

/** Registrars, viewers and guests meet here. */
export const service = 'chaos/naming';
/** A service that is often empty. */
export const rareService = 'chaos/rare';

/** Six registrars, two that want the same key, and four viewers. */
export async function openCrew(
  cluster: EtcdClusterHandle,
  limits: Limits,
  story: Story,
  resources: Resources,
): Promise<Hand[]> {
  const hands: Hand[] = [];
  for (const cast of casts(limits)) {
    const clients = [cast.name];
    const doors: Door[] = [];
    for (const { name: member, endpoint } of cluster.members) {
      const proxy = await startFaultProxy({ target: endpoint });
      resources.use(proxy);
      doors.push({ clients, member, proxy });
    }
    const hand = new Hand(cast, doors, story);
    resources.defer(() => hand.kill());
    hand.start();
    hands.push(hand);
  }
  return hands;
}

function casts({ ttlMs, holdMs }: Limits): Cast[] {
  const all = { ttlSeconds: ttlMs / 1_000, holdMs };
  const registrar = (name: string, id: string, addr: string): Cast => ({
    ...all,
    role: 'registrar',
    services: [service],
    name,
    id,
    addr,
  });
  const viewer = (name: string): Cast => ({
    ...all,
    role: 'viewer',
    services: [service, rareService],
    name,
    id: '',
    addr: '',
  });
  return [
    ...Array.from({ length: 6 }, (_, i) => registrar(`r${i}`, `r${i}`, `10.0.0.1:${1 + i}`)),
    ...Array.from({ length: 2 }, (_, i) => registrar(`x${i}`, 'shared', `10.0.0.2:${1 + i}`)),
    ...Array.from({ length: 4 }, (_, i) => viewer(`v${i}`)),
  ];
}
