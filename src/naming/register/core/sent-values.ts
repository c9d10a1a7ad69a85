/** More than a registration writes before one of them is confirmed. */
const maxSent = 16;
/** No request is carried out so long after it was given up: etcd itself gives up sooner. */
const forgottenAfterMs = 30_000;

interface Sent {
  readonly value: Buffer;
  readonly isCreating: boolean;
  readonly until: number;
}

/**
 * Values of writes whose answers were lost. Found in the record later, such a value is not another writer's. A write
 * that expected no record may be carried out some time after, when a record that came later was deleted; a write in
 * place cannot any more as soon as a later one is confirmed.
 */
export class SentValues {
  #sent: readonly Sent[] = [];

  add(value: Buffer, isCreating: boolean, now: number): void {
    const sent = { value, isCreating, until: now + forgottenAfterMs };
    this.#sent = [...this.#sent.filter((one) => !one.value.equals(value)), sent].slice(-maxSent);
  }

  has(value: Buffer): boolean {
    return this.#sent.some((sent) => sent.value.equals(value));
  }

  /** A later write in place is stored. */
  confirmed(): void {
    this.#sent = this.#sent.filter(({ isCreating }) => isCreating);
  }

  forget(now: number): void {
    if (this.#sent.some(({ until }) => until <= now))
      this.#sent = this.#sent.filter(({ until }) => until > now);
  }
}
