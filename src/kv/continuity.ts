import { StoreReplacedError } from '../errors/index.js';
import { type KeyValue, keyAfter, type Revision } from '../model/index.js';
import type { RangeResponse } from '../wire/index.js';
import { Delivered } from './delivered.js';

/** An answer, and the connection that brought it; undefined when that is not known. */
export interface Page {
  readonly answer: RangeResponse;
  readonly connection: number | undefined;
}

/**
 * Whether all answers of a read of many requests are one store's. A store that is wiped and filled again past the read's
 * revision answers as if nothing had happened, with the same cluster id too; but while it is wiped its connections are
 * lost. So after a change of the connection what was delivered is read again over the new one, and compared by a hash.
 * What that proves: what was delivered is what this store has there, at this revision.
 */
export class Continuity {
  #connection: number | undefined;
  /** Undefined until there is something to go on from: a read of one answer needs no proof, and no hash. */
  #delivered: Delivered | undefined;

  /** Whether what comes over this connection continues what was delivered. */
  covers(connection: number | undefined): boolean {
    return !this.#delivered || (connection !== undefined && connection === this.#connection);
  }

  /** Takes note of what is delivered, over a connection that it covers; `isLast` of what has nothing behind it. */
  add(kvs: readonly KeyValue[], connection: number | undefined, isLast: boolean): void {
    if (isLast) return;
    if (!this.#delivered) this.#connection = connection;
    this.#delivered ??= new Delivered();
    this.#delivered.add(kvs);
  }

  /**
   * Reads what was delivered once more, so that this connection is covered. False when an answer came over another one.
   * @param read Reads what was delivered from that key on, or a part of it.
   * @throws {StoreReplacedError} when it is not the same; else as `read`.
   */
  async prove(
    connection: number,
    start: Buffer,
    revision: Revision,
    read: (from: Buffer) => Promise<Page>,
  ): Promise<boolean> {
    const delivered = this.#delivered;
    if (!delivered) return true;
    const again = new Delivered();
    for (let from: Buffer | undefined = start; from && again.count <= delivered.count; ) {
      const page: Page = await read(from);
      if (page.connection !== connection) return false;
      again.add(page.answer.kvs);
      const last = page.answer.kvs.at(-1);
      from = page.answer.more && last ? keyAfter(last.key) : undefined;
    }
    if (!again.equals(delivered)) throw otherContents(delivered.count, revision);
    this.#connection = connection;
    return true;
  }
}

function otherContents(keys: number, revision: Revision): StoreReplacedError {
  return new StoreReplacedError(
    `the store was replaced while it was read: at revision ${revision} it has others than the ${keys} keys that were read of it`,
  );
}

/** For a store that no longer has the revision of a read under way. */
export function wentBack(revision: Revision): StoreReplacedError {
  return new StoreReplacedError(
    `the store was replaced while it was read: it does not have revision ${revision} any more`,
  );
}
