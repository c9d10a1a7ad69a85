import { backoffDelay, delay, raceAbort, systemClock, withEither } from '../../async/index.js';
import { ClosedError, EtcdError, toEtcdError } from '../../errors/index.js';
import type { KeptLease } from '../../lease/index.js';
import type { KeyValue, Revision } from '../../model/index.js';
import type { Endpoint } from '../endpoint.js';
import type { NamingClient } from '../ports.js';
import type { Claim } from './claim.js';
import { retry, retryPacer } from './retry.js';
import { store, textOf } from './store.js';
import type { RegistrationEvent } from './types.js';

export interface RecordWriterPorts {
  readonly client: NamingClient;
  readonly claim: Claim;
  /** Aborted when the registration ends. */
  readonly closing: AbortSignal;
  readonly tell: (event: RegistrationEvent) => void;
  /** Called with each write that failed and is tried again, and with each that succeeded. */
  readonly onTrouble: (error: EtcdError) => void;
  readonly onStored: () => void;
}

/** A record that stands, as far as is known. */
interface PresentRecord {
  readonly lease: KeptLease;
  revision: Revision;
  /** What stands in it in place of ours; undefined when it is as it should be. */
  foreign: string | undefined;
}

/** Changes the present record in place: to what its owner updates, and back to it after others wrote there. */
export class RecordWriter {
  readonly #ports: RecordWriterPorts;
  readonly #restores = retryPacer();
  #present: PresentRecord | undefined;
  #restoring = false;
  #lastWrite: Promise<void> = Promise.resolve();
  /** Called when the record was stored, or the registration has ended. */
  readonly #onStored = new Set<() => void>();

  constructor(ports: RecordWriterPorts) {
    this.#ports = ports;
  }

  /** The revision that wrote the present record. */
  get revision(): Revision | undefined {
    return this.#present?.revision;
  }

  /** A record was stored under a lease: it is the present one until `gone`. */
  stored(lease: KeptLease, revision: Revision): void {
    this.#present = { lease, revision, foreign: undefined };
    this.wake();
  }

  gone(): void {
    this.#present = undefined;
  }

  /** Those who wait for the record to be stored look again. */
  wake(): void {
    for (const stored of [...this.#onStored]) stored();
  }

  /** Resolves when it is stored; while there is no record, once there is one again. @throws {ClosedError}; see Claim. */
  update(change: Partial<Endpoint>, signal: AbortSignal | undefined): Promise<void> {
    return raceAbort(
      this.#inTurn(() => this.#update(change, signal)),
      signal,
    );
  }

  /** The present record is a newer one: what it says of its own is taken over, or ours is stored again. */
  changed(kv: KeyValue): void {
    const { claim, tell } = this.#ports;
    const present = this.#present;
    if (!present) return;
    present.revision = kv.modRevision;
    if (!claim.isStored(kv)) {
      const endpoint = claim.adopt(kv);
      if (endpoint) tell({ type: 'adopted', endpoint });
    }
    const isAsItShouldBe = claim.isStored(kv) && kv.lease === present.lease.id;
    present.foreign = isAsItShouldBe ? undefined : textOf(kv);
    if (!isAsItShouldBe) void this.#restore();
  }

  /** Whoever writes there again and again is answered ever more slowly. */
  async #restore(): Promise<void> {
    if (this.#restoring) return;
    this.#restoring = true;
    const { closing, tell } = this.#ports;
    while (this.#present?.foreign !== undefined && !closing.aborted) {
      await delay(this.#restores.next(), closing).catch(() => {});
      const value = this.#present?.foreign;
      if (value === undefined || closing.aborted) break;
      if (await this.#inTurn(() => this.#tryToRestore())) tell({ type: 'restored', value });
    }
    this.#restoring = false;
  }

  async #tryToRestore(): Promise<boolean> {
    try {
      return await this.#storeInPlace(undefined);
    } catch (error) {
      const trouble = toEtcdError(error);
      this.#ports.onTrouble(trouble);
      this.#ports.tell({ type: 'trouble', error: trouble, retryInMs: retry.maxMs });
      return false;
    }
  }

  /** One write after the other, so that what each finds in the record is the one before it, or somebody else's. */
  #inTurn<T>(write: () => Promise<T>): Promise<T> {
    const mine = this.#lastWrite.then(write);
    this.#lastWrite = mine.then(
      () => {},
      () => {},
    );
    return mine;
  }

  async #update(change: Partial<Endpoint>, signal: AbortSignal | undefined): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      if (this.#ports.closing.aborted) throw new ClosedError('the registration');
      this.#ports.claim.change(change); // again each time: what somebody else wrote meanwhile was adopted
      if (await this.#storeInPlace(signal)) return;
      await raceAbort(this.#storedAgain(attempt), signal);
    }
  }

  /** Whether the record now is what it should be; not while there is none of ours to change. */
  async #storeInPlace(signal: AbortSignal | undefined): Promise<boolean> {
    const { client, claim, onTrouble, onStored } = this.#ports;
    const present = this.#present;
    if (!present) return false;
    const { lease, revision: expected } = present;
    const { value } = claim; // adopting may change it before the answer is here
    const write = (gone: AbortSignal) =>
      store(client, claim, { lease: lease.id, expected }, { signal: gone, idempotent: true });
    try {
      const result = await (signal ? withEither(signal, lease.signal, write) : write(lease.signal));
      if (result.type === 'found') return this.#foundInstead(result.kv, present, value);
      if (present.revision === expected) {
        present.revision = result.revision;
        present.foreign = undefined;
      }
      onStored();
      return true;
    } catch (error) {
      if (signal?.aborted) throw error;
      if (lease.signal.aborted) return false;
      if (!(error instanceof EtcdError) || error.verdict === 'final') throw error;
      onTrouble(error);
      return false;
    }
  }

  /** Whether what a write found in the record is what it wanted to store, as after a lost answer. */
  #foundInstead(kv: KeyValue | undefined, present: PresentRecord, value: Buffer): boolean {
    if (kv?.lease !== present.lease.id) return false;
    // Ahead of its event, which is then nothing new.
    if (present === this.#present && kv.modRevision > present.revision) this.changed(kv);
    return kv.value.equals(value);
  }

  /** Resolves when the record is stored the next time, when some time has passed, or at the end. */
  #storedAgain(attempt: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#onStored.delete(done);
        resolve();
      };
      const cancel = systemClock.setTimer(backoffDelay(retry, attempt, Math.random), done);
      this.#onStored.add(done);
    });
  }
}
