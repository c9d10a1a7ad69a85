import { type ObservedStore, StoreReplacedError } from '../errors/index.js';

/** The part of an answer that says which store gave it; a piece of a RangeStream has its answer one level down. */
interface WithHeader {
  readonly header?: { readonly clusterId: bigint } | undefined;
  readonly rangeResponse?: WithHeader | undefined;
}

interface Observation {
  readonly clusterId: bigint;
  readonly member: string;
}

/**
 * Which store the client talks to, by the cluster id in its answers. Another id than the one previous proves that the
 * store was replaced, or that the endpoints name two clusters; the new one is then taken for the store. An equal id
 * proves nothing: a store that is wiped and started again with the same flags keeps it.
 */
export class StoreIdentity {
  #current: Observation | undefined;
  #previous: Observation | undefined;
  #epoch = 0;
  readonly #listeners: ((error: StoreReplacedError) => void)[] = [];

  /** Counts the replacements: two equal numbers mean that no answer between showed another store. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Why answers from the time of that epoch are void; undefined when they are not. */
  replacedSince(epoch: number): StoreReplacedError | undefined {
    if (epoch === this.#epoch || !this.#previous || !this.#current) return undefined;
    return replacedError(this.#previous, this.#current);
  }

  /** Calls back right when an answer shows another store, previous it is handed on. */
  onReplaced(listener: (error: StoreReplacedError) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes note of an answer. 0 is no id: proxies and old servers send it. */
  observe(answer: unknown, member: string): void {
    const { header, rangeResponse } = answer as WithHeader;
    const clusterId = (header ?? rangeResponse?.header)?.clusterId;
    if (clusterId === undefined || clusterId === 0n || clusterId === this.#current?.clusterId) return;
    const previous = this.#current;
    this.#current = { clusterId, member };
    if (!previous) return;
    this.#previous = previous;
    this.#epoch++;
    const error = replacedError(previous, this.#current);
    for (const listener of this.#listeners) listener(error);
  }
}

/** As `etcdctl` writes cluster ids. */
function replacedError(previous: Observation, current: Observation): StoreReplacedError {
  const [old, now] = [previous, current].map(({ member, clusterId }) => ({
    member,
    clusterId: clusterId.toString(16),
  })) as [ObservedStore, ObservedStore];
  const what =
    old.member === now.member
      ? `member ${now.member} answers with cluster id ${now.clusterId}, and did with ${old.clusterId}`
      : `or the endpoints name two clusters: member ${now.member} answers with cluster id ${now.clusterId}, member ${old.member} did with ${old.clusterId}`;
  return new StoreReplacedError(`the store was replaced, ${what}`, [old, now]);
}
