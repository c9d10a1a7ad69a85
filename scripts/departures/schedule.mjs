// Which endpoints leave, how and when. The seed determines it.
import { Random } from '../../build/test/sim/random.js';
import { kinds, wiped } from './kinds.mjs';

const waveSize = 12;
export const prefix = 'departures/';
export const targets = ['a', 'b', 'c'].map((name) => prefix + name);

/** The faults of eight waves, which are then repeated. */
const cycle = ['none', 'none', 'restart', 'none', 'cut off', 'none', 'none', 'wipe'];

/** Waves of departures: in each, endpoints arrive and then leave within three seconds. */
export function schedule(seed, count) {
  const random = new Random(seed);
  const waves = [];
  for (let made = 0; made < count; ) {
    const fault = cycle[waves.length % cycle.length];
    const size = Math.min(waveSize, count - made);
    const departures = Array.from({ length: size }, (_, i) => departure(random, fault, made + i));
    waves.push({ fault, faultAfterMs: random.between(300, 2_000), departures });
    made += size;
  }
  return waves;
}

function departure(random, fault, number) {
  const possible = fault === 'none' ? kinds : kinds.filter(({ during }) => during?.includes(fault));
  const kind = fault === 'wipe' ? wiped : random.pick(possible);
  const target = random.pick(targets);
  const id = `e${number}`;
  const addr = `10.1.${number >> 8}.${number & 255}:50051`;
  return { kind, afterMs: random.between(0, 3_000), endpoint: { target, id, key: `${target}/${id}`, addr } };
}
