/** More than a registration writes before one of them is confirmed. */
const maxWrites = 16;
/** No request is carried out so long after it was given up: etcd itself gives up sooner. */
const forgottenAfterMs = 30_000;

interface UnconfirmedWrite {
  readonly value: Buffer;
  readonly isCreating: boolean;
  readonly expiresAt: number;
}

/**
 * Values of writes whose answers were lost. Found in the record later, such a value is not another writer's. A write
 * that expected no record may be carried out some time after, when a record that came later was deleted; a write in
 * place cannot any more as soon as a later one is confirmed.
 */
export class UnconfirmedWrites {
  #writes: readonly UnconfirmedWrite[] = [];

  add(value: Buffer, isCreating: boolean, now: number): void {
    const sent = { value, isCreating, expiresAt: now + forgottenAfterMs };
    this.#writes = [...this.#writes.filter((one) => !one.value.equals(value)), sent].slice(-maxWrites);
  }

  has(value: Buffer): boolean {
    return this.#writes.some((sent) => sent.value.equals(value));
  }

  /** A later write in place is stored. */
  onConfirmed(): void {
    this.#writes = this.#writes.filter(({ isCreating }) => isCreating);
  }

  prune(now: number): void {
    if (this.#writes.some(({ expiresAt: until }) => until <= now))
      this.#writes = this.#writes.filter(({ expiresAt: until }) => until > now);
  }
}
