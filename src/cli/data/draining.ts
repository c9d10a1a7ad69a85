import { type Endpoint, type KeyValue, keyText } from '../../index.js';
import type { Target } from '../args/target.js';
import { CliError } from '../errors.js';
import { type Rewrite, requireRewritable, withMember } from './endpoint-rewrite.js';
import { isJsonObject, statusOf } from './records.js';
import { lostParts } from './rewriting.js';

/** @throws {CliError} for records that cannot say that their endpoint is draining. */
export function requireMark({ input, codec, codecArgs, format }: Target, id: string): void {
  if (!format.canDrain)
    throw new CliError(
      `the records of ${codec?.name} have no place for the mark; to take the endpoint out of service, end its server, or: ` +
        `etcd-naming rm ${input} ${id}${codecArgs}`,
    );
}

/**
 * Marks the endpoint of a record as draining, or removes the mark.
 * @returns undefined if nothing changes.
 * @throws {CliError} for a record that cannot have the mark, and for one of which more would change.
 */
export function rewriteMark(
  target: Target,
  kv: KeyValue,
  endpoint: Endpoint,
  undo: boolean,
): Rewrite | undefined {
  if ((statusOf(endpoint.metadata) === 'draining') !== undo) return undefined;
  requireRewritable(endpoint, kv);
  const updated = undo ? withoutMark(endpoint) : withMark(endpoint, kv);
  const action = undo ? 'remove the mark' : 'drain';
  const lost = lostParts(target, kv, action, undo ? withMark(updated, kv) : withoutMark(updated));
  return { endpoint: updated, value: target.format.encode(keyText(kv.key), updated), lost };
}

function withMark(endpoint: Endpoint, kv: KeyValue): Endpoint {
  return { addr: endpoint.addr, metadata: withMember(endpoint, kv, { status: 'draining' }, 'the mark') };
}

/** Metadata that contains only the mark is removed with it. */
function withoutMark({ addr, metadata }: Endpoint): Endpoint {
  if (!isJsonObject(metadata)) return { addr };
  const { status: _, ...rest } = metadata;
  return Object.keys(rest).length === 0 ? { addr } : { addr, metadata: rest };
}
