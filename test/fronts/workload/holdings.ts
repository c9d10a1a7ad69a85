import { type EtcdClient, type HeldLease, type Lock, type Registration, register } from '#src/index.js';
import type { Truth } from '../../chaos/truth.js';

/** Renewed every third of it: less often than the idle timeouts of the campaign. */
export const ttlSeconds = 20;

/** What a client keeps: a lease, a lock and a registration. */
export class Holdings {
  readonly #lease: HeldLease;
  readonly #lock: Lock;
  readonly #registration: Registration;

  private constructor(lease: HeldLease, lock: Lock, registration: Registration) {
    this.#lease = lease;
    this.#lock = lock;
    this.#registration = registration;
  }

  static async start(client: EtcdClient): Promise<Holdings> {
    const lease = await client.lease.hold({ ttlSeconds });
    const lock = await client.lock('locks/front', { ttlSeconds });
    const registration = await register(client, {
      target: 'services/front',
      addr: '10.0.0.7:50051',
      ttlSeconds,
    });
    return new Holdings(lease, lock, registration);
  }

  /**
   * Describes what is not kept. No event of the campaign lasts as long as the TTL, so nothing may be lost.
   * @param leases The leases that etcd has.
   */
  check(truth: Truth, leases: readonly bigint[]): string[] {
    const { key } = this.#registration;
    const lockKey = this.#lock.key.toString();
    const findings: [isWrong: boolean, problem: string][] = [
      [!this.#lease.held, 'the lease is not held'],
      [!leases.includes(this.#lease.id), 'etcd does not have the lease'],
      [!this.#lock.held || this.#lock.signal.aborted, 'the lock is not held'],
      [
        truth.changesOf(lockKey).at(-1)?.kv?.createRevision !== this.#lock.token,
        'etcd does not have the lock',
      ],
      [this.#registration.state !== 'registered', `the registration is ${this.#registration.state}`],
      [truth.changesOf(key).at(-1)?.kv === undefined, 'etcd does not have the registration'],
      [
        truth.changesOf(key).length !== 1,
        `the registration was changed ${truth.changesOf(key).length} times`,
      ],
    ];
    return findings.filter(([isWrong]) => isWrong).map(([, problem]) => problem);
  }

  async close(): Promise<void> {
    await this.#registration.close();
    await this.#lock.release();
    await this.#lease.revoke();
  }
}
