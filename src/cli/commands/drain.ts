import { compare, type Endpoint, type EtcdClient, op, type Revision } from '../../index.js';
import { codecFrom, codecOptions } from '../args/codec.js';
import { codecToJson, hexOption, parseTargetArgument, recordKey, type Target } from '../args/target.js';
import { type Command, printResult } from '../command.js';
import { isJsonObject, parseRecord, rejectUnsafeIntegers, statusOf } from '../data/records.js';
import { requireSameParts } from '../data/rewriting.js';
import { CliError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';

export const drain: Command = {
  name: 'drain',
  usage: '<target> <id>',
  summary: 'mark an endpoint so that it gets no new calls',
  details: [
    'Writes "status":"draining" into the metadata. The record keeps its lease: its owner keeps renewing it and adopts the',
    'mark, also through a restart of etcd. Callers that balance by metadata send it no new calls while another endpoint',
    'can take them. Other callers (Go’s resolver) keep using it until the record is deleted. Records of go-zero and CoreDNS',
    'have no place for the mark, and are not changed, nor are those of which the codec would write less than is stored.',
  ],
  options: { undo: { help: 'remove the mark' }, ...hexOption, ...codecOptions },
  examples: ['etcd-naming drain foo/bar/my-service e1', 'etcd-naming drain foo/bar/my-service e1 --undo'],
  positionalCount: [2, 2],
  async run(invocation) {
    const [input = '', id = ''] = invocation.positionals;
    const target = parseTargetArgument(input, await codecFrom(invocation.options));
    const key = recordKey(target, id, invocation.options);
    requireMark(target, id);
    const undo = invocation.options.flag('undo');
    const { revision, changed, endpoint } = await setMark(invocation.createClient(), target, key, undo);
    const document = {
      ...codecToJson(target),
      key,
      draining: !undo,
      changed,
      metadata: endpoint.metadata ?? null,
      revision,
    };
    const text = changed
      ? `${key} is ${undo ? 'no longer' : 'now'} draining, revision ${revision}`
      : `${key} was ${undo ? 'not' : 'already'} draining; nothing changed`;
    printResult(invocation, document, text);
    return exitCodes.ok;
  },
};

/** @throws {CliError} for records that cannot say that their endpoint is draining. */
function requireMark({ input, codec, codecArgs, format }: Target, id: string): void {
  if (!format.canDrain)
    throw new CliError(
      `the records of ${codec?.name} have no place for the mark; to take the endpoint out of service, end its server, or: ` +
        `etcd-naming rm ${input} ${id}${codecArgs}`,
    );
}

/**
 * The owner may write at the same time, for example to report its load. After this many conflicts the command fails.
 */
const maxAttempts = 5;

async function setMark(
  client: EtcdClient,
  target: Target,
  key: string,
  undo: boolean,
): Promise<{ revision: Revision; changed: boolean; endpoint: Endpoint }> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const { kv, revision } = await client.kv.get(key);
    if (!kv) throw new CliError(`'${key}' does not exist`);
    const { endpoint, problem } = parseRecord(target, kv);
    if (!endpoint) throw new CliError(`'${key}' is not an endpoint: ${problem}`);
    if ((statusOf(endpoint.metadata) === 'draining') !== undo) return { revision, changed: false, endpoint };
    if (endpoint.addr === '') throw new CliError(`'${key}' has no address, so it gets no calls`);
    rejectUnsafeIntegers(kv.value.toString());
    const updated = undo ? withoutMark(endpoint) : withMark(endpoint, key);
    requireSameParts(target, kv, undo, undo ? endpoint : withoutMark(updated));
    const result = await client.kv.txn({
      compare: [compare.modRevision(key, '=', kv.modRevision)],
      success: [op.put(key, target.format.encode(key, updated), { ignoreLease: true })],
    });
    if (result.succeeded) return { revision: result.revision, changed: true, endpoint: updated };
  }
  throw new CliError(`'${key}' changed between each read and write (${maxAttempts} attempts)`);
}

function withMark({ addr, metadata }: Endpoint, key: string): Endpoint {
  if (metadata !== undefined && !isJsonObject(metadata))
    throw new CliError(
      `the metadata of '${key}' is not an object, so it cannot contain the mark; delete the record instead`,
    );
  return { addr, metadata: { ...metadata, status: 'draining' } };
}

/** Metadata that contains only the mark is removed with it. */
function withoutMark({ addr, metadata }: Endpoint): Endpoint {
  if (!isJsonObject(metadata)) return { addr };
  const { status: _, ...rest } = metadata;
  return Object.keys(rest).length === 0 ? { addr } : { addr, metadata: rest };
}
