/** More than the number of writes that a registration sends before one of them is confirmed. */
const maxWrites = 16;
/** etcd does not apply a request this long after its caller gave up: etcd's own timeout is shorter. */
const retentionMs = 30_000;

interface UnconfirmedWrite {
  readonly value: Buffer;
  readonly isCreating: boolean;
  readonly expiresAt: number;
}

/**
 * The values of writes whose results are unknown. A record with such a value is our own, not another writer's. A write
 * that expects no record may be applied late, when a newer record has been deleted. A write that expects a revision can
 * no longer be applied once a later write is confirmed.
 */
export class UnconfirmedWrites {
  #writes: readonly UnconfirmedWrite[] = [];

  add(value: Buffer, isCreating: boolean, now: number): void {
    const sent = { value, isCreating, expiresAt: now + retentionMs };
    this.#writes = [...this.#writes.filter((write) => !write.value.equals(value)), sent].slice(-maxWrites);
  }

  has(value: Buffer): boolean {
    return this.#writes.some((sent) => sent.value.equals(value));
  }

  /** A later write is stored. */
  onConfirmed(): void {
    this.#writes = this.#writes.filter(({ isCreating }) => isCreating);
  }

  prune(now: number): void {
    this.#writes = this.#writes.filter(({ expiresAt }) => expiresAt > now);
  }
}
