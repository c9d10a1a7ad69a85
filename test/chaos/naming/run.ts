import type { EtcdClusterHandle } from '#src/testing/index.js';
import type { Random } from '../../sim/random.js';
import { Etcdctl } from '../etcdctl.js';
import { linkFaults } from '../faults/link-faults.js';
import { serverFaults } from '../faults/server-faults.js';
import { type Fault, pause, type World } from '../faults/world.js';
import type { Resources } from '../resources.js';
import { TruthLog, TruthRecorder } from '../truth-recorder.js';
import { nowMs } from './clock.js';
import { openCrew } from './crew.js';
import type { Hand } from './hand.js';
import { handFaults } from './hand-faults.js';
import type { Limits, Mended } from './history.js';
import { serviceFaults } from './service-faults.js';
import { Story } from './story.js';
import { watchTerms } from './terms.js';
import { Visitors } from './visitors.js';
import type { Volume } from './volume.js';
import { ailments, Present } from './wellness.js';

export const limits: Limits = {
  ttlMs: 3_000,
  holdMs: 3_000,
  electionMs: 1_000,
  expiryMs: 500,
  closeMs: 5_000,
  wellMs: 20_000,
  slackMs: 1_500,
};

/** So long it may take to be well again before the run goes on without. */
const patienceMs = 60_000;
/** So much longer a run may last until every fault has hit. */
const graceMs = 120_000;
/** How long the new store is watched after the wipe. */
const afterwardsMs = 5_000;

export interface Blow {
  readonly fault: string;
  readonly hit: boolean;
  /** From its end until all was well; undefined when that did not come. */
  readonly mendedMs: number | undefined;
}

/** Breaks one thing after the other, and sees after each that all becomes well; in the end it wipes the store. */
export class Run {
  readonly #cluster: EtcdClusterHandle;
  readonly #etcdctl: Etcdctl;
  readonly #resources: Resources;
  readonly #story: Story;
  readonly #present: Present;
  readonly #hands: readonly Hand[];
  readonly #visitors: Visitors;
  readonly #signal: AbortSignal;
  #world: World;
  readonly faults: readonly Fault[];
  readonly blows: Blow[] = [];

  private constructor(
    cluster: EtcdClusterHandle,
    etcdctl: Etcdctl,
    resources: Resources,
    signal: AbortSignal,
    crew: { readonly story: Story; readonly hands: readonly Hand[] },
  ) {
    this.#cluster = cluster;
    this.#etcdctl = etcdctl;
    this.#resources = resources;
    this.#signal = signal;
    this.#story = crew.story;
    this.#present = new Present(crew.story);
    this.#hands = crew.hands;
    this.#visitors = new Visitors(cluster, resources);
    this.#world = this.#look();
    const links = linkFaults.filter(({ name }) => name !== 'stand-still'); // of this process, which is nobody here
    this.faults = [
      ...serverFaults,
      ...links,
      ...handFaults(this.#hands, this.#present, etcdctl, this.#story),
      ...serviceFaults(this.#hands, this.#present, this.#visitors, this.#story),
    ];
    watchTerms(cluster, this.#story, resources);
  }

  static async start(cluster: EtcdClusterHandle, resources: Resources, signal: AbortSignal): Promise<Run> {
    if (cluster.etcdctl === undefined) throw new Error('there is no etcdctl to take the truth with');
    const story = new Story(limits);
    const hands = await openCrew(cluster, limits, story, resources);
    return new Run(cluster, new Etcdctl(cluster.etcdctl), resources, signal, { story, hands });
  }

  get views(): number {
    return this.#story.views;
  }

  /** For so long, and until every fault has hit. */
  async breakThings(seconds: number, random: Random, progress: (line: string) => void): Promise<void> {
    if ((await this.#mended('the start')) === undefined) throw new Error('it was never well to begin with');
    this.#visitors.resume();
    const until = performance.now() + seconds * 1_000;
    const owed = new Set(this.faults);
    const isOn = () => performance.now() < until + (owed.size > 0 ? graceMs : 0) && !this.#signal.aborted;
    let bag: Fault[] = [];
    while (isOn()) {
      if (performance.now() >= until) bag = bag.filter((fault) => owed.has(fault));
      if (bag.length === 0) bag = shuffled(performance.now() < until ? this.faults : [...owed], random);
      const fault = bag.pop() as Fault;
      const blow = await this.#strike(fault, random);
      this.blows.push(blow);
      if (blow.hit) owed.delete(fault);
      if (this.blows.length % 20 === 0) progress(`${this.blows.length} faults, ${this.views} views`);
      await pause(random.between(200, 1_500), this.#signal);
    }
  }

  /** All members lose everything at once; who lives comes back, and who looks is told. */
  async wipe(): Promise<void> {
    if (this.#signal.aborted) return;
    this.#visitors.pause();
    const lastRevision = await this.#etcdctl.revision((await this.#cluster.leader()).endpoint);
    await Promise.all(this.#world.recorders.map((recorder) => recorder.close()));
    const viewers = this.#hands.filter(({ role, running }) => role === 'viewer' && running);
    this.#story.beginChapter(
      lastRevision,
      viewers.map(({ life }) => life),
    );
    await this.#cluster.wipe();
    this.#world = this.#look();
    await this.#mended('wipe');
    this.#visitors.resume();
    await pause(afterwardsMs, this.#signal);
    await this.#mended('all');
  }

  end(): Volume[] {
    return this.#story.end();
  }

  /** Follows the truth of the present store. */
  #look(): World {
    const { journal } = this.#story;
    const log = new TruthLog(journal);
    const recorders = this.#cluster.members.map((member) => new TruthRecorder(this.#etcdctl, member, log));
    for (const recorder of recorders) this.#resources.defer(() => recorder.close());
    const doors = this.#hands.flatMap((hand) => hand.doors);
    return { cluster: this.#cluster, doors, recorders, journal };
  }

  async #strike(fault: Fault, random: Random): Promise<Blow> {
    const from = nowMs();
    const active = await fault.begin(this.#world, random);
    await pause(random.between(...fault.holdMs), this.#signal);
    const { isTrue, mendsMs = 0 } = await active.end();
    const { target, clients } = active;
    const to = nowMs() + mendsMs;
    this.#story.add({ kind: 'fault', name: fault.name, target, clients, from, to, hit: isTrue });
    const mendedMs = await this.#mended(fault.name);
    this.#visitors.resume();
    return { fault: fault.name, hit: isTrue, mendedMs };
  }

  /** Waits until all is well, and writes down what became so when. No visitor comes or goes meanwhile, or afterwards. */
  async #mended(after: string): Promise<number | undefined> {
    this.#visitors.pause();
    const took = await this.#wellSince(nowMs());
    if (!this.#signal.aborted) this.#story.add({ kind: 'mend', after, took });
    const times = Object.values(took);
    return times.some((ms) => ms === undefined) ? undefined : Math.max(...(times as number[]));
  }

  /** When each thing was right for good, that is: until all were at once. */
  async #wellSince(began: number): Promise<Record<Mended, number | undefined>> {
    const took: Record<Mended, number | undefined> = { R1: 0, R2: 0, N4: 0, N5: 0 };
    let wrong = ailments(this.#hands, this.#present);
    while (wrong.size > 0 && nowMs() - began < patienceMs && !this.#signal.aborted) {
      await pause(10, this.#signal);
      wrong = ailments(this.#hands, this.#present);
      for (const name of wrong) took[name] = nowMs() - began;
    }
    for (const name of wrong) took[name] = undefined;
    return took;
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice(Math.floor(random.next() * left.length), 1));
  return out;
}
