import grpc from '@grpc/grpc-js';
import {
  channelTarget,
  EndpointPicker,
  type EtcdClient,
  keyText,
  type Mirror,
  type Registration,
  register,
  registerEtcdResolver,
  ServiceDirectory,
} from '#src/index.js';
import { callOnce } from '../../chaos/calls/rpc.js';
import { Resources } from '../../chaos/resources.js';
import { type Counts, fixedServices, loadPrefix, movingService, type WorkerConfig } from '../messages.js';
import { CheckedWatch } from './events.js';
import { callServer, type LoadContext, repeat } from './load.js';

const ttlSeconds = 10;
const checkTimeoutMs = 3_000;
/** A lost record is stored again within seconds, but a fault may last for one check. */
const maxAbsentChecks = 3;

/** What lasts for the whole run: the registrations, the directory with its channels, a picker, a mirror and a watch. */
export class Permanent {
  readonly #client: EtcdClient;
  readonly #counts: Counts;
  readonly #resources: Resources;
  readonly #directory: ServiceDirectory;
  readonly #registrations: Registration[] = [];
  readonly #channels: grpc.Client[] = [];
  readonly #pickers: EndpointPicker[] = [];
  readonly #mirror: Mirror;
  readonly #watch: CheckedWatch;
  /** The keys and views that were absent, and in how many successive checks. */
  #absent = new Map<string, number>();

  private constructor(client: EtcdClient, counts: Counts, onUnexpected: (error: unknown) => void) {
    this.#client = client;
    this.#counts = counts;
    this.#resources = new Resources();
    this.#directory = new ServiceDirectory(client);
    this.#resources.defer(() => this.#directory.close());
    const resolver = registerEtcdResolver(this.#directory, { balance: {} });
    this.#resources.defer(() => resolver[Symbol.dispose]());
    this.#mirror = client.mirror({ prefix: loadPrefix });
    this.#watch = new CheckedWatch(client, counts, onUnexpected);
    this.#resources.defer(() => this.#watch.close());
    this.#followMirror(onUnexpected);
  }

  static async open(
    client: EtcdClient,
    { servers }: WorkerConfig,
    counts: Counts,
    onUnexpected: (error: unknown) => void,
  ): Promise<Permanent> {
    const permanent = new Permanent(client, counts, onUnexpected);
    for (const target of [...fixedServices, movingService])
      for (const [i, addr] of servers.slice(0, 2).entries()) await permanent.#register(target, addr, `s${i}`);
    for (const target of [...fixedServices, movingService]) await permanent.#use(target);
    await permanent.#watch.ready();
    return permanent;
  }

  /** Calls through the channels, and picks. */
  async callSteadily(context: LoadContext): Promise<void> {
    const calls = this.#channels.map((channel) =>
      repeat(context, [100, 200], () => callServer(context, channel)),
    );
    const picks = this.#pickers.map((picker) =>
      repeat(context, [50, 100], async () => {
        if (picker.pick().addr !== '') context.counts.picks++;
      }),
    );
    await Promise.all([...calls, ...picks]);
  }

  /**
   * Checks that every registration is stored and in the directory's view. A loss counts when three checks
   * in a row find it. Without an answer of etcd nothing is known.
   */
  async check(): Promise<void> {
    const absent = new Map<string, number>();
    await Promise.all(this.#registrations.map((registration) => this.#checkOne(registration, absent)));
    this.#absent = absent;
  }

  /** After the load: the watch has delivered everything, and the mirror equals the store. */
  async checkEnd(): Promise<void> {
    await this.#watch.checkEnd();
    const { kvs, revision } = await this.#client.kv.range({ prefix: loadPrefix });
    await this.#mirror.waitForRevision(revision, { signal: AbortSignal.timeout(30_000) });
    this.#counts.mirrorChecks++;
    const isSame =
      kvs.length === this.#mirror.kvs.size &&
      kvs.every(({ key, modRevision }) => this.#mirror.kvs.get(keyText(key))?.modRevision === modRevision);
    if (!isSame) this.#counts.mirrorsWrong++;
  }

  async close(): Promise<void> {
    await this.#resources[Symbol.asyncDispose]();
  }

  async #register(target: string, addr: string, id: string): Promise<void> {
    const registration = await register(this.#client, { target, addr, id, ttlSeconds });
    this.#registrations.push(registration);
    this.#resources.defer(() => registration.close());
  }

  async #use(service: string): Promise<void> {
    await this.#directory.ready(service, { minEndpoints: 2 });
    const { target, options } = channelTarget(service);
    const channel = new grpc.Client(target, grpc.credentials.createInsecure(), options);
    this.#channels.push(channel);
    this.#resources.defer(() => channel.close());
    const picker = new EndpointPicker(this.#directory, service);
    this.#pickers.push(picker);
    this.#resources.defer(() => picker.close());
    await picker.ready();
    await callOnce(channel); // connects
  }

  #followMirror(onUnexpected: (error: unknown) => void): void {
    const updates = this.#mirror[Symbol.asyncIterator]();
    const following = (async () => {
      while (!(await updates.next()).done);
    })().catch(onUnexpected);
    this.#resources.defer(async () => {
      await updates.return(undefined);
      await following;
    });
  }

  async #checkOne({ key }: Registration, absent: Map<string, number>): Promise<void> {
    const found = await this.#client.kv.get(key, { timeoutMs: checkTimeoutMs }).catch(() => undefined);
    if (!found) return;
    this.#counts.registrationChecks++;
    if (!found.kv) this.#onAbsent(`key ${key}`, absent, 'registrationsAbsent');
    const target = key.slice(0, key.lastIndexOf('/'));
    const isSeen = this.#directory.get(target)?.endpoints.some((endpoint) => endpoint.key === key);
    if (!isSeen) this.#onAbsent(`view ${key}`, absent, 'viewsWithoutOwn');
  }

  #onAbsent(
    what: string,
    absent: Map<string, number>,
    count: 'registrationsAbsent' | 'viewsWithoutOwn',
  ): void {
    const checks = (this.#absent.get(what) ?? 0) + 1;
    absent.set(what, checks);
    if (checks === maxAbsentChecks) this.#counts[count]++;
  }
}
