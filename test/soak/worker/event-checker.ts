import { keyText, type WatchEvent } from '#src/model/index.js';

/**
 * Checks the events of one watch without a copy of what was written: each put of a key increases its version by one, so
 * a missed or repeated event is a gap or a repetition of versions.
 */
export class EventChecker {
  seen = 0;
  missed = 0;
  duplicated = 0;
  readonly #versions = new Map<string, bigint>();
  #revision = 0n;

  onEvents(events: readonly WatchEvent[]): void {
    for (const event of events) this.#onEvent(event);
  }

  #onEvent({ type, kv }: WatchEvent): void {
    this.seen++;
    const key = keyText(kv.key);
    const previous = this.#versions.get(key);
    if (
      kv.modRevision < this.#revision ||
      (previous !== undefined && kv.version <= previous && type === 'put')
    ) {
      this.duplicated++;
      return;
    }
    this.#revision = kv.modRevision;
    if (type === 'delete') this.#versions.set(key, 0n);
    else this.#onPut(key, kv.version, previous);
  }

  #onPut(key: string, version: bigint, previous: bigint | undefined): void {
    if (previous !== undefined) this.missed += Number(version - previous - 1n);
    this.#versions.set(key, version);
  }

  /** The events of a key after the last one seen, given the version that the store has; undefined for a key never seen. */
  behind(key: string, version: bigint): bigint | undefined {
    const last = this.#versions.get(key);
    return last === undefined ? undefined : version - last;
  }

  /** The watch continues at a later revision: what was compacted meanwhile is not missed. */
  restart(): void {
    this.#versions.clear();
    this.#revision = 0n;
  }
}
