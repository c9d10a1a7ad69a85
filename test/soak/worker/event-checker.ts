import { type KeyValue, keyText, type WatchEvent } from '#src/model/index.js';

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
  #from = 0n;

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

  /** The watch must deliver every change after this revision. Until it is known: every change. */
  begin(revision: bigint): void {
    this.#from = revision;
  }

  /** How many events are missing at the end, given what the store has; of a key that was never seen, at least one. */
  behind({ key, version, modRevision }: Pick<KeyValue, 'key' | 'version' | 'modRevision'>): number {
    const last = this.#versions.get(keyText(key));
    if (last !== undefined) return Math.max(0, Number(version - last));
    return modRevision > this.#from ? 1 : 0;
  }

  /** The watch continues at a later revision: what was compacted meanwhile is not missed. */
  restart(): void {
    this.#versions.clear();
    this.#revision = 0n;
    this.#from = 0n;
  }
}
