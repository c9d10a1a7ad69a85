import {
  compare,
  decodeEndpoint,
  type Endpoint,
  type EtcdClient,
  encodeEndpoint,
  op,
  type Revision,
} from '../../index.js';
import { type Command, printResult } from '../command.js';
import { exit } from '../exit-codes.js';
import { CliError } from '../failure.js';
import { checkIntegers, isPlain, statusOf } from '../records.js';
import { hexOption, keyOf, readTarget } from '../target.js';

export const drain: Command = {
  name: 'drain',
  takes: '<target> <id>',
  summary: 'mark an endpoint so that it gets no new calls',
  details: [
    'Writes "status":"draining" into its metadata, in place: its lease stays, so its owner goes on renewing it and adopts',
    'the mark, also through a restart of etcd. Callers that balance by metadata stop sending it new calls while any',
    'other endpoint can take them; those that do not (Go’s resolver) go on until the record is deleted.',
  ],
  options: { undo: { help: 'take the mark away' }, ...hexOption },
  examples: ['etcd-naming drain foo/bar/my-service e1', 'etcd-naming drain foo/bar/my-service e1 --undo'],
  words: [2, 2],
  async run(call) {
    const [written = '', id = ''] = call.words;
    const key = keyOf(readTarget(written), id, call.options);
    const undo = call.options.flag('undo');
    const { revision, changed, endpoint } = await mark(call.connect(), key, undo);
    const state = undo ? 'not draining' : 'draining';
    const document = { key, draining: !undo, changed, metadata: endpoint.metadata ?? null, revision };
    const text = changed
      ? `${key} is ${undo ? 'no longer draining' : 'now draining'}, revision ${revision}`
      : `${key} was ${state}, and is left as it is`;
    printResult(call, document, text);
    return exit.ok;
  },
};

/** Its owner may write meanwhile, reporting its load; whoever always loses to that must hear of it. */
const tries = 5;

async function mark(
  client: EtcdClient,
  key: string,
  undo: boolean,
): Promise<{ revision: Revision; changed: boolean; endpoint: Endpoint }> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const { kv, revision } = await client.kv.get(key);
    if (!kv) throw new CliError(`there is no '${key}'`);
    const endpoint = decodeEndpoint(kv.value);
    if ((statusOf(endpoint.metadata) === 'draining') !== undo) return { revision, changed: false, endpoint };
    if (endpoint.addr === '') throw new CliError(`'${key}' has no address, so that nobody calls it anyway`);
    checkIntegers(kv.value.toString());
    const marked = undo ? unmarked(endpoint) : markedEndpoint(endpoint, key);
    const result = await client.kv.txn({
      compare: [compare.modRevision(key, '=', kv.modRevision)],
      success: [op.put(key, encodeEndpoint(marked), { ignoreLease: true })],
    });
    if (result.succeeded) return { revision: result.revision, changed: true, endpoint: marked };
  }
  throw new CliError(`'${key}' changed each time between reading and writing it (${tries} times)`);
}

function markedEndpoint({ addr, metadata }: Endpoint, key: string): Endpoint {
  if (metadata !== undefined && !isPlain(metadata))
    throw new CliError(
      `the metadata of '${key}' is no object, so there is no place for the mark; delete the record instead`,
    );
  return { addr, metadata: { ...metadata, status: 'draining' } };
}

/** Metadata that held nothing but the mark is none. */
function unmarked({ addr, metadata }: Endpoint): Endpoint {
  if (!isPlain(metadata)) return { addr };
  const { status: _, ...rest } = metadata;
  return Object.keys(rest).length === 0 ? { addr } : { addr, metadata: rest };
}
