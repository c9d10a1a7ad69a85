import { StoreReplacedError, type StoreSighting } from '../errors/index.js';

/** The part of an answer that says which store gave it; a piece of a RangeStream has its answer one level down. */
interface Headed {
  readonly header?: { readonly clusterId: bigint } | undefined;
  readonly rangeResponse?: Headed | undefined;
}

interface Sighting {
  readonly clusterId: bigint;
  readonly member: string;
}

/**
 * Which store the client talks to, by the cluster id in its answers. Another id than the one before proves that the
 * store was replaced, or that the endpoints name two clusters; the new one is then taken for the store. An equal id
 * proves nothing: a store that is wiped and started again with the same flags keeps it.
 */
export class StoreIdentity {
  #present: Sighting | undefined;
  #before: Sighting | undefined;
  #epoch = 0;
  readonly #listeners: ((error: StoreReplacedError) => void)[] = [];

  /** Counts the replacements: two equal numbers mean that no answer between showed another store. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Why answers from the time of that epoch are void; undefined when they are not. */
  replacedSince(epoch: number): StoreReplacedError | undefined {
    if (epoch === this.#epoch || !this.#before || !this.#present) return undefined;
    return replaced(this.#before, this.#present);
  }

  /** Calls back right when an answer shows another store, before it is handed on. */
  onReplaced(listener: (error: StoreReplacedError) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes note of an answer. 0 is no id: proxies and old servers send it. */
  saw(answer: unknown, member: string): void {
    const { header, rangeResponse } = answer as Headed;
    const clusterId = (header ?? rangeResponse?.header)?.clusterId;
    if (clusterId === undefined || clusterId === 0n || clusterId === this.#present?.clusterId) return;
    const before = this.#present;
    this.#present = { clusterId, member };
    if (!before) return;
    this.#before = before;
    this.#epoch++;
    const error = replaced(before, this.#present);
    for (const listener of this.#listeners) listener(error);
  }
}

/** As `etcdctl` writes cluster ids. */
function replaced(before: Sighting, present: Sighting): StoreReplacedError {
  const [old, now] = [before, present].map(({ member, clusterId }) => ({
    member,
    clusterId: clusterId.toString(16),
  })) as [StoreSighting, StoreSighting];
  const what =
    old.member === now.member
      ? `member ${now.member} answers with cluster id ${now.clusterId}, and did with ${old.clusterId}`
      : `or the endpoints name two clusters: member ${now.member} answers with cluster id ${now.clusterId}, member ${old.member} did with ${old.clusterId}`;
  return new StoreReplacedError(`the store was replaced, ${what}`, [old, now]);
}
