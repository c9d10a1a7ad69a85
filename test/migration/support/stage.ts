import { EtcdClient } from '#src/client/index.js';
import { EtcdError } from '#src/errors/index.js';
import type { EtcdHandle, FaultProxy } from '#src/testing/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { grpcCounter } from '../../support/etcd.js';
import { unproxied } from '../../support/proxy.js';
import { AccessControl } from './access.js';
import type { Case, Outcome, Side } from './case.js';
import type { PeerClient, PeerModule } from './peer.js';
import type { PeerTimers } from './peer-timers.js';

/** The names that a program uses. */
export type Scene = Record<string, unknown>;

/** What a program of this package always has. */
export interface OurScene extends Scene {
  readonly client: EtcdClient;
}

/** What a stage needs besides its etcd. */
export interface StageOptions {
  readonly module: PeerModule;
  /** The timers of the module. */
  readonly timers: PeerTimers;
  /** The user of all clients. */
  readonly auth?: { readonly username: string; readonly password: string };
}

/** The etcd, the connection and the clients of the programs. */
export class Stage {
  readonly admin: EtcdClient;
  readonly access: AccessControl;
  readonly link: FaultProxy;
  readonly peer: PeerModule;
  readonly #timers: PeerTimers;
  readonly #etcd: EtcdHandle;
  readonly #auth: Pick<StageOptions, 'auth'>;

  private constructor(etcd: EtcdHandle, link: FaultProxy, { module, timers, ...auth }: StageOptions) {
    this.#auth = auth;
    this.admin = new EtcdClient({ endpoints: etcd.endpoints, ...auth });
    this.access = new AccessControl(etcd.endpoints[0] ?? '');
    this.#etcd = etcd;
    this.link = link;
    this.peer = module;
    this.#timers = timers;
  }

  static async open(etcd: EtcdHandle, options: StageOptions): Promise<Stage> {
    const link = await startFaultProxy({ target: etcd.endpoints[0] ?? '' });
    return new Stage(etcd, link, options);
  }

  async close(): Promise<void> {
    this.access.close();
    await this.admin.close();
    await this.link.close();
    this.#timers.endLate();
  }

  /** Empties the store, and stores what a case is given. */
  async prepare({ given = {}, access }: Case): Promise<void> {
    this.link.heal();
    for (const id of await this.admin.lease.list()) await this.admin.lease.revoke(id);
    await this.access.removeLearners();
    await this.admin.kv.delete({ prefix: '' });
    for (const [key, value] of Object.entries(given)) await this.admin.kv.put(key, value);
    if (access) await this.access.set(access);
  }

  /** The keys in the store. */
  async stored(): Promise<Record<string, string>> {
    const { kvs } = await this.admin.kv.range({ prefix: '' });
    return Object.fromEntries(kvs.map(({ key, value }) => [key.toString(), value.toString()]));
  }

  outcome(side: Side, printed: readonly unknown[]): Outcome {
    return {
      side,
      admin: this.admin,
      link: this.link,
      peer: this.peer,
      printed,
      watchRequests: () => this.#received('Watch'),
      watchAnswers: () => grpcCounter(this.#etcd, 'grpc_server_msg_sent_total', 'Watch'),
      renewals: () => this.#received('LeaseKeepAlive'),
    };
  }

  #received(method: string): Promise<number> {
    return grpcCounter(this.#etcd, 'grpc_server_msg_received_total', method);
  }

  /** Runs work with the names of etcd3's programs, as far as the code has them, and closes everything afterwards. */
  async withPeer<T>(
    code: string,
    { leaseSeconds = 60, watches }: Case,
    work: (scene: Scene) => Promise<T>,
  ): Promise<T> {
    const etcd3 = new this.peer.Etcd3({
      hosts: this.link.endpoint,
      grpcOptions: unproxied,
      ...this.#auth,
    });
    const scene: Scene = { etcd3 };
    try {
      if (has(code, 'revision')) scene['revision'] = String(await this.#revision());
      if (has(code, 'leaseId'))
        scene['leaseId'] = String((await this.admin.lease.grant({ ttlSeconds: 60 })).id);
      await addPeerHandles(scene, etcd3, watches ? `${code}; watcher` : code, leaseSeconds);
      return await work(scene);
    } finally {
      await end(scene['watcher'], scene['campaign'], scene['observer']);
      this.#timers.end();
      etcd3.close();
    }
  }

  /** The same for a program of this package. */
  async withOurs<T>(
    code: string,
    { leaseSeconds = 60, watches }: Case,
    work: (scene: OurScene) => Promise<T>,
  ): Promise<T> {
    await using client = new EtcdClient({ endpoints: [this.link.endpoint], ...this.#auth });
    const scene: OurScene = { client, error: new EtcdError('x', { code: 14, verdict: 'maybe-applied' }) };
    if (has(code, 'revision')) scene['revision'] = await this.#revision();
    if (has(code, 'leaseId')) scene['leaseId'] = (await client.lease.grant({ ttlSeconds: 60 })).id;
    if (has(code, 'lease')) scene['lease'] = await client.lease.hold({ ttlSeconds: leaseSeconds });
    if (has(code, 'term')) {
      const terms = client.election.campaign('election/job', 'a', { ttlSeconds: leaseSeconds });
      scene['term'] = (await terms.next()).value;
    }
    if (watches || has(code, 'watcher')) {
      const watcher = client.watch('k');
      await watcher.ready;
      scene['watcher'] = watcher;
    }
    return await work(scene);
  }

  async #revision(): Promise<bigint> {
    return (await this.admin.kv.get('k')).revision;
  }
}

async function addPeerHandles(scene: Scene, etcd3: PeerClient, code: string, ttl: number): Promise<void> {
  if (has(code, 'lease')) {
    const lease = etcd3.lease(ttl);
    await lease.grant();
    scene['lease'] = lease;
  }
  if (has(code, 'watcher')) scene['watcher'] = await etcd3.watch().key('k').create();
  if (has(code, 'campaign')) {
    const campaign = etcd3.election('job', ttl).campaign('a');
    await campaign.wait();
    scene['campaign'] = campaign;
  }
  if (has(code, 'observer')) scene['observer'] = await etcd3.election('job', ttl).observe();
}

/** Whether the code uses the name as a variable. */
const has = (code: string, name: string) => new RegExp(`(?<![.\\w])${name}(?!\\w|['(:])`).test(code);

interface Ending {
  cancel?(): unknown;
  resign?(): unknown;
  close?(): unknown;
}

/** Ends watchers, candidates and clients. Does not wait long for those that cannot end. */
export async function end(...things: readonly unknown[]): Promise<void> {
  for (const thing of things) {
    const { cancel, resign, close } = (thing ?? {}) as Ending;
    const ending = Promise.resolve((cancel ?? resign ?? close)?.call(thing)).catch(() => undefined);
    await Promise.race([ending, new Promise((resolve) => setTimeout(resolve, 500).unref())]);
  }
}
