import type { Endpoint, EtcdClient, Revision } from '../../index.js';
import { codecFrom, codecOptions } from '../args/codec.js';
import { codecToJson, hexOption, parseTargetArgument, recordKey, type Target } from '../args/target.js';
import { type Command, printResult } from '../command.js';
import { writeIfUnchanged } from '../data/conditional-writes.js';
import { requireMark, rewriteMark } from '../data/draining.js';
import { requireEndpoint } from '../data/endpoint-rewrite.js';
import { CliError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { warn } from '../output/io.js';
import { joinSome } from '../output/text.js';

export const drain: Command = {
  name: 'drain',
  usage: '<target> <id>',
  summary: 'mark an endpoint so that it gets no new calls',
  details: [
    'Writes "status":"draining" into the metadata. The record keeps its lease: its owner keeps renewing it and adopts the',
    'mark, also through a restart of etcd. Callers that balance by metadata send it no new calls while another endpoint',
    'can take them. Other callers (Go’s resolver) keep using it until the record is deleted. Records of go-zero and CoreDNS',
    'have no place for the mark, and are not changed, nor are those of which the codec would write less than is stored. A',
    'record of Go’s format is written as Go does; a warning names the members that it loses by that.',
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
    const { revision, changed, endpoint, lost } = await setMark(invocation.createClient(), target, key, undo);
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
    if (lost.length > 0)
      warn(invocation.io, `warning: the record lost or changed besides: ${joinSome(lost)}`);
    return exitCodes.ok;
  },
};

/**
 * The owner may write at the same time, for example to report its load. After this many conflicts the command fails.
 */
const maxAttempts = 5;

async function setMark(
  client: EtcdClient,
  target: Target,
  key: string,
  undo: boolean,
): Promise<{ revision: Revision; changed: boolean; endpoint: Endpoint; lost: readonly string[] }> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const { kv, revision } = await client.kv.get(key);
    if (!kv) throw new CliError(`'${key}' does not exist`);
    const endpoint = requireEndpoint(target, kv);
    const rewrite = rewriteMark(target, kv, endpoint, undo);
    if (!rewrite) return { revision, changed: false, endpoint, lost: [] };
    const result = await writeIfUnchanged(client, kv, { type: 'put', value: rewrite.value });
    if (result.succeeded) return { revision: result.revision, changed: true, ...rewrite };
  }
  throw new CliError(`'${key}' changed between each read and write (${maxAttempts} attempts)`);
}
