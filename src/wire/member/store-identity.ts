import { Broadcast } from '../../async/index.js';
import { type ObservedStore, StoreReplacedError } from '../../errors/index.js';

/** The part of an answer with the cluster id. A chunk of a RangeStream has its header one level deeper. */
interface WithHeader {
  readonly header?: { readonly clusterId: bigint } | undefined;
  readonly rangeResponse?: WithHeader | undefined;
}

interface Observation {
  readonly clusterId: bigint;
  readonly member: string;
}

/**
 * Identifies the store by the cluster id in its answers. A different id proves that the store was replaced or that the
 * endpoints name two clusters; the client then continues with the new id. An equal id proves nothing: a store that is
 * wiped and restarted with the same flags keeps its id.
 */
export class StoreIdentity {
  #current: Observation | undefined;
  #previous: Observation | undefined;
  #epoch = 0;
  readonly #replacements = new Broadcast<StoreReplacedError>();

  /** The number of replacements. Two equal values mean that no answer in between had another cluster id. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The error for answers of an earlier epoch; undefined if the epoch is the present one. */
  replacedSince(epoch: number): StoreReplacedError | undefined {
    if (epoch === this.#epoch || !this.#previous || !this.#current) return undefined;
    return replacedError(this.#previous, this.#current);
  }

  /** Registers a listener that is called when an answer has another cluster id, before its caller gets it. */
  onReplaced(listener: (error: StoreReplacedError) => void): void {
    this.#replacements.listen(listener);
  }

  /**
   * Records the cluster id of an answer.
   *
   * Workaround (grpc-proxy of etcd 3.4 to 3.7; no public issue found, the `created` answer of a watch that it adds to
   * another one): an answer that the proxy writes itself has the id 0, which belongs to none of the clusters.
   * Remove when the proxy forwards the header.
   */
  observe(answer: unknown, member: string): void {
    const { header, rangeResponse } = answer as WithHeader;
    const clusterId = (header ?? rangeResponse?.header)?.clusterId;
    if (clusterId === undefined || clusterId === 0n || clusterId === this.#current?.clusterId) return;
    const previous = this.#current;
    this.#current = { clusterId, member };
    if (!previous) return;
    this.#previous = previous;
    this.#epoch++;
    this.#replacements.publish(replacedError(previous, this.#current));
  }
}

/** Cluster ids are hexadecimal, as in `etcdctl`. */
function replacedError(previous: Observation, current: Observation): StoreReplacedError {
  const [old, now] = [previous, current].map(({ member, clusterId }) => ({
    member,
    clusterId: clusterId.toString(16),
  })) as [ObservedStore, ObservedStore];
  const what =
    old.member === now.member
      ? `member ${now.member} now answers with cluster id ${now.clusterId} instead of ${old.clusterId}`
      : `or the endpoints name two clusters: member ${now.member} answers with cluster id ${now.clusterId}, member ${old.member} with ${old.clusterId}`;
  return new StoreReplacedError(`the store was replaced, ${what}`, [old, now]);
}
