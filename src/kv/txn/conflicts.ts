import { InvalidInputError } from '../../errors/index.js';
import { printable } from '../../model/index.js';
import type { DeleteRangeRequest, RequestOp } from '../../wire/index.js';

/** Keys and bounds as latin1 strings, which have the same order as their bytes. */
interface WriteSet {
  readonly puts: ReadonlySet<string>;
  readonly deletes: readonly KeySpan[];
}

interface KeySpan {
  readonly from: string;
  /** Undefined for a single key. */
  readonly to: string | undefined;
}

/**
 * Returns the writes of one branch. Follows etcd's checks exactly, including their order and gaps, so that nothing is
 * refused that etcd accepts: a key put in one nested transaction and deleted in a later one is accepted, and so is a
 * put inside a deleted range without an end.
 * @throws {InvalidInputError} if a key is put twice, or put inside a range that the branch deletes.
 */
export function refuseConflicts(ops: readonly RequestOp[]): WriteSet {
  const puts = new Set<string>();
  const deletes: KeySpan[] = [];
  const put = (key: string) => {
    if (puts.has(key)) throw conflict(key, 'twice');
    if (deletes.some((span) => covers(span, key))) throw conflict(key, 'inside a range that it deletes');
    puts.add(key);
  };
  for (const { request } of ops)
    if (request?.$case === 'requestDeleteRange') deletes.push(spanOf(request.value));
  for (const { request } of ops) {
    if (request?.$case !== 'requestTxn') continue;
    const success = refuseConflicts(request.value.success);
    const failure = refuseConflicts(request.value.failure);
    for (const key of success.puts) put(key);
    for (const key of failure.puts) if (!success.puts.has(key)) put(key); // only one of the two branches runs
    deletes.push(...success.deletes, ...failure.deletes);
  }
  for (const { request } of ops)
    if (request?.$case === 'requestPut') put(request.value.key.toString('latin1'));
  return { puts, deletes };
}

function spanOf({ key, rangeEnd }: DeleteRangeRequest): KeySpan {
  return {
    from: key.toString('latin1'),
    to: rangeEnd.length === 0 ? undefined : rangeEnd.toString('latin1'),
  };
}

/**
 * A range end of one zero byte means "no end", but covers nothing here: this check of etcd takes it for an ordinary
 * key.
 */
function covers({ from, to }: KeySpan, key: string): boolean {
  return to === undefined ? from === key : from <= key && key < to;
}

function conflict(key: string, how: string): InvalidInputError {
  return new InvalidInputError(
    `the transaction puts the key '${printable(Buffer.from(key, 'latin1'))}' ${how}`,
  );
}
