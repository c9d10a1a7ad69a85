import { InvalidInputError } from '../errors/index.js';
import { printable } from '../model/index.js';
import type { DeleteRangeRequest, RequestOp } from '../wire/index.js';

/** Keys and bounds as latin1 strings, which compare as their bytes do. */
interface Writes {
  readonly puts: ReadonlySet<string>;
  readonly deletes: readonly Span[];
}

interface Span {
  readonly from: string;
  /** Undefined for a single key. */
  readonly to: string | undefined;
}

/**
 * What one branch writes, judged exactly as etcd does, order and oversights included, so that nothing is refused here
 * that it would carry out: a key put in one nested transaction and deleted in a later one passes, and so does a put
 * inside a delete without an end.
 * @throws {InvalidInputError} for a key put twice, or put inside a range that the branch deletes.
 */
export function refuseConflicts(ops: readonly RequestOp[]): Writes {
  const puts = new Set<string>();
  const deletes: Span[] = [];
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

function spanOf({ key, rangeEnd }: DeleteRangeRequest): Span {
  return {
    from: key.toString('latin1'),
    to: rangeEnd.length === 0 ? undefined : rangeEnd.toString('latin1'),
  };
}

/** An end of a single zero byte, which means "no end", covers nothing here: etcd takes it for a key like any other. */
function covers({ from, to }: Span, key: string): boolean {
  return to === undefined ? from === key : from <= key && key < to;
}

function conflict(key: string, how: string): InvalidInputError {
  return new InvalidInputError(
    `the transaction puts the key '${printable(Buffer.from(key, 'latin1'))}' ${how}`,
  );
}
