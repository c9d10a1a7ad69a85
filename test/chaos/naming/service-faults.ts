import type { Random } from '../../sim/random.js';
import { type Active, type Fault, nobody, pause, type World } from '../faults/world.js';
import { rareService } from './crew.js';
import type { Hand } from './hand.js';
import type { Story } from './story.js';
import { recordOf } from './values.js';
import type { Visitors } from './visitors.js';
import type { Present } from './wellness.js';

/** What may befall the records: by an operator's hand, or while nobody looks. */
export function serviceFaults(
  hands: readonly Hand[],
  present: Present,
  visitors: Visitors,
  story: Story,
): readonly Fault[] {
  const registrars = hands.filter(({ role }) => role === 'registrar');
  const viewers = hands.filter(({ role }) => role === 'viewer');
  return [
    byHand('delete-record', registrars, present, (key) => visitors.deleteRecord(key)),
    byHand('revoke-lease', registrars, present, (_, lease) => visitors.revokeLease(lease)),
    {
      name: 'empty-unseen',
      holdMs: [300, 1_500],
      begin: () => emptyUnseen(viewers, present, visitors, story),
    },
  ];
}

function byHand(
  name: string,
  registrars: readonly Hand[],
  present: Present,
  change: (key: string, lease: bigint) => Promise<void>,
): Fault {
  const begin = async (_: World, random: Random): Promise<Active> => {
    const kv = present.get(random.pick(registrars).key);
    const owner = registrars.find(({ life }) => kv && recordOf(kv)?.life === life);
    if (!kv || !owner) return nobody;
    const isTrue = await change(kv.key, kv.lease).then(
      () => true,
      () => false,
    );
    return { target: owner.name, clients: [owner.name], end: async () => ({ isTrue }) };
  };
  return { name, holdMs: [0, 500], begin };
}

const patienceMs = 5_000;

/** The viewers are cut off from etcd, and a service that they know loses all its records. */
async function emptyUnseen(
  viewers: readonly Hand[],
  present: Present,
  visitors: Visitors,
  story: Story,
): Promise<Active> {
  visitors.pause();
  await visitors.fillRare();
  const knows = ({ views }: Hand) => {
    const records = present.records(rareService);
    const shown = views.get(rareService);
    return records.size > 0 && shown?.held.size === 0 && shown.records.size === records.size;
  };
  for (const until = performance.now() + patienceMs; performance.now() < until && !viewers.every(knows); )
    await pause(20, new AbortController().signal);
  const doors = viewers.flatMap((viewer) => viewer.doors);
  for (const { proxy } of doors) proxy.refuse();
  const unseenBy = viewers.filter(knows).map(({ life }) => life);
  const revision = await visitors.emptyRare();
  story.add({ kind: 'emptied', service: rareService, revision, unseenBy });
  const end = async () => {
    for (const { proxy } of doors) proxy.heal();
    visitors.resume();
    return { isTrue: unseenBy.length > 0 };
  };
  return { target: unseenBy.join(' '), clients: viewers.map(({ name }) => name), end };
}
