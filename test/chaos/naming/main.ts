// npm run chaos:naming: registrars and directories as processes, under everything that may befall them and their etcd.
import { parseArgs } from 'node:util';
import { type EtcdClusterHandle, startEtcdCluster } from '#src/testing/index.js';
import { Random } from '../../sim/random.js';
import { Etcdctl } from '../etcdctl.js';
import { linkFaults } from '../faults/link-faults.js';
import { serverFaults } from '../faults/server-faults.js';
import { type Fault, pause, type World } from '../faults/world.js';
import { Journal } from '../journal.js';
import { Resources } from '../resources.js';
import { Truth } from '../truth.js';
import { TruthLog, TruthRecorder } from '../truth-recorder.js';
import { checkNaming } from './check.js';
import { Churn } from './churn.js';
import { type Hand, openCrew } from './crew.js';
import { handFaults } from './hand-faults.js';
import type { Closed, SeenView } from './told.js';

const help = `npm run chaos:naming -- [--seconds 60] [--seed S] [--etcd PATH]

Six processes that keep a record registered, four that follow the service, each behind proxies of its own to a real
cluster of three, and guests that come and go. One fault after the other, of servers, links and the processes themselves; after each, the time until
every living registrar's record stands, no other does, and every viewer shows just that. All views are held against
what etcdctl saw. Exit code 0: no violation; 1: one, or 60 s without all being well again; 2: void, a fault never hit.`;

const target = 'chaos/naming';
const patienceMs = 60_000;

interface Blow {
  readonly fault: string;
  readonly hit: boolean;
  /** From its end until all was well; undefined when that did not come. */
  readonly mendedMs: number | undefined;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      etcd: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (values.etcd !== undefined) process.env['ETCD_BIN'] = values.etcd;
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort()).once('SIGTERM', () => abort.abort());
  await using resources = new Resources();
  const cluster = await startEtcdCluster({ partitions: true });
  resources.use(cluster);
  if (cluster.etcdctl === undefined) throw new Error('there is no etcdctl to take the truth with');
  const run = await Run.start(cluster, new Etcdctl(cluster.etcdctl), resources);
  console.log(`etcd ${cluster.version}, seed ${values.seed}, ${values.seconds} s`);
  await run.breakThings(Number(values.seconds), new Random(Number(values.seed)), abort.signal);
  return abort.signal.aborted ? 130 : run.judge();
}

class Run {
  readonly #world: World;
  readonly #hands: readonly Hand[];
  readonly #churn: Churn;
  readonly #faults: readonly Fault[];
  readonly #views: SeenView[];
  readonly #closes: Closed[] = [];
  readonly #blows: Blow[] = [];
  /** The service as the truth has it, key by mod revision. */
  readonly #stored = new Map<string, bigint>();
  #read = 0;

  private constructor(
    world: World,
    hands: readonly Hand[],
    churn: Churn,
    views: SeenView[],
    etcdctl: Etcdctl,
  ) {
    this.#world = world;
    this.#churn = churn;
    this.#hands = hands;
    this.#views = views;
    const links = linkFaults.filter(({ name }) => name !== 'stand-still'); // of this process, which is nobody here
    this.#faults = [...serverFaults, ...links, ...handFaults(hands, etcdctl, this.#closes)];
  }

  static async start(cluster: EtcdClusterHandle, etcdctl: Etcdctl, resources: Resources): Promise<Run> {
    const journal = new WillingJournal();
    const log = new TruthLog(journal);
    const recorders = cluster.members.map((member) => new TruthRecorder(etcdctl, member, log));
    for (const recorder of recorders) resources.defer(() => recorder.close());
    const views: SeenView[] = [];
    const hands = await openCrew(cluster, target, (view) => views.push(view), resources);
    const doors = hands.flatMap((hand) => hand.doors);
    const churn = new Churn(cluster, target, resources);
    return new Run({ cluster, doors, recorders, journal }, hands, churn, views, etcdctl);
  }

  async breakThings(seconds: number, random: Random, signal: AbortSignal): Promise<void> {
    if ((await this.#mended(signal)) === undefined) throw new Error('it was never well to begin with');
    const until = performance.now() + seconds * 1_000;
    let bag: Fault[] = [];
    while (performance.now() < until && !signal.aborted) {
      if (bag.length === 0) bag = [...this.#faults].sort(() => random.next() - 0.5);
      const fault = bag.pop() as Fault;
      const active = await fault.begin(this.#world, random);
      await pause(random.between(...fault.holdMs), signal);
      const { isTrue } = await active.end();
      const mendedMs = await this.#mended(signal);
      this.#blows.push({ fault: fault.name, hit: isTrue, mendedMs });
      if (this.#blows.length % 20 === 0)
        console.log(`${this.#blows.length} faults, ${this.#views.length} views`);
      await pause(random.between(200, 1_500), signal);
    }
  }

  judge(): number {
    const truth = new Truth(this.#world.journal.facts);
    const violations = checkNaming(`${target}/`, this.#views, this.#closes, truth);
    const never = this.#blows.filter(({ mendedMs }) => mendedMs === undefined);
    console.log(table(this.#faults, this.#blows));
    console.log(
      `${this.#views.length} views of ${new Set(this.#views.map(({ viewer }) => viewer)).size} lives, ${this.#closes.length} closes, ${truth.lastRevision} revisions`,
    );
    for (const { promise, text } of violations.slice(0, 20)) console.log(`VIOLATION of ${promise}: ${text}`);
    for (const { fault } of never) console.log(`NOT WELL ${patienceMs / 1_000} s after ${fault}`);
    if (violations.length + never.length > 0) return 1;
    console.log('no violation');
    const unhit = this.#faults.filter(
      ({ name }) => !this.#blows.some((one) => one.fault === name && one.hit),
    );
    if (unhit.length === 0) return 0;
    console.log(`but the run is void: ${unhit.map(({ name }) => name)} never hit`);
    return 2;
  }

  /** How long it takes until all is as it should be; undefined when it does not come to that. */
  async #mended(signal: AbortSignal): Promise<number | undefined> {
    const began = performance.now();
    this.#churn.pause();
    try {
      return await this.#wellSince(began, signal);
    } finally {
      this.#churn.resume();
    }
  }

  async #wellSince(began: number, signal: AbortSignal): Promise<number | undefined> {
    while (performance.now() - began < patienceMs && !signal.aborted) {
      if (this.#isWell()) return performance.now() - began;
      await pause(10, signal);
    }
    return undefined;
  }

  /** Every living registrar's record stands, no dead one's does, and every viewer shows just what the store has. */
  #isWell(): boolean {
    this.#readTruth();
    const registrars = this.#hands.filter(({ role }) => role === 'registrar');
    if (!registrars.every(({ key, running }) => this.#stored.has(key) === running)) return false;
    return this.#hands
      .filter(({ role, running }) => role === 'viewer' && running)
      .every(({ view }) => view !== undefined && view.held.size === 0 && same(view.records, this.#stored));
  }

  #readTruth(): void {
    const { facts } = this.#world.journal;
    for (; this.#read < facts.length; this.#read++) {
      const fact = facts[this.#read];
      if (fact?.kind !== 'truth') continue;
      for (const event of fact.events) {
        const key = event.type === 'put' ? event.kv.key : event.key;
        if (!key.startsWith(`${target}/`)) continue;
        if (event.type === 'put') this.#stored.set(key, event.kv.modRevision);
        else this.#stored.delete(key);
      }
    }
  }
}

/** Somebody always feels a fault here: renewals and watches never rest. */
class WillingJournal extends Journal {
  override metSince(): boolean {
    return true;
  }
}

function same(a: ReadonlyMap<string, bigint>, b: ReadonlyMap<string, bigint>): boolean {
  return a.size === b.size && [...a].every(([key, revision]) => b.get(key) === revision);
}

function table(faults: readonly Fault[], blows: readonly Blow[]): string {
  const lines = faults.map(({ name }) => {
    const own = blows.filter(({ fault }) => fault === name);
    const times = own
      .flatMap(({ mendedMs }) => (mendedMs === undefined ? [] : [mendedMs]))
      .sort((a, b) => a - b);
    const at = (share: number) =>
      ((times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0) / 1_000).toFixed(2);
    const hits = own.filter(({ hit }) => hit).length;
    return `${name.padEnd(20)} ${String(own.length).padStart(5)} ${String(hits).padStart(5)}   ${at(0.5)} ${at(0.99)} ${at(1)}`;
  });
  return ['fault                drawn   hit   well again after p50, p99, max (s)', ...lines].join('\n');
}

process.exitCode = await main();
