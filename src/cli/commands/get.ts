import { keyText } from '../../index.js';
import { codecFrom, codecOptions } from '../args/codec.js';
import {
  hexOption,
  parseTargetArgument,
  recordIdToJson,
  recordKey,
  type Target,
  targetToJson,
} from '../args/target.js';
import type { Command, Invocation } from '../command.js';
import { parseRecord, readRecords, type StoredRecord } from '../data/records.js';
import { CliError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { print, printBytes, printJson, warn } from '../output/io.js';
import { escapeAndTruncate } from '../output/text.js';

export const get: Command = {
  name: 'get',
  usage: '<target> [id]',
  summary: 'print the records as they are stored',
  details: [
    'Prints each record as its key and, on the next line, its value. With --raw it prints only the value: byte for byte if',
    'an id is given (escaped on a terminal), else each value and a newline. The exit code is 1 if there is no such record.',
  ],
  options: {
    raw: { help: 'print only the value, without changing its bytes' },
    ...hexOption,
    ...codecOptions,
  },
  examples: [
    'etcd-naming get foo/bar/my-service',
    'etcd-naming get foo/bar/my-service e1 --raw | jq .Addr',
    'etcd-naming get foo/bar/my-service --json',
    'etcd-naming get my-service --codec kratos',
  ],
  positionalCount: [1, 2],
  async run(invocation) {
    const [input = '', id] = invocation.positionals;
    const target = parseTargetArgument(input, await codecFrom(invocation.options));
    const records = await readTarget(invocation, target, id);
    if (records.length === 0)
      throw new CliError(
        id === undefined
          ? `no key starts with '${target.prefix}'`
          : `'${recordKey(target, id, invocation.options)}' does not exist`,
      );
    printRecords(invocation, target, records, id !== undefined);
    return exitCodes.ok;
  },
};

/** Reads one record if an id is given, else all records of the target. */
async function readTarget(
  invocation: Invocation,
  target: Target,
  id: string | undefined,
): Promise<readonly StoredRecord[]> {
  const client = invocation.createClient();
  if (id === undefined) return (await readRecords(client, target, { values: true })).records;
  const { kv } = await client.kv.get(recordKey(target, id, invocation.options));
  return kv ? [parseRecord(target, kv)] : [];
}

function printRecords(
  { io, options, format }: Invocation,
  target: Target,
  records: readonly StoredRecord[],
  isSingle: boolean,
): void {
  if (options.flag('raw')) {
    const newline = Buffer.from('\n');
    printBytes(
      io.stdout,
      Buffer.concat(records.flatMap(({ kv }) => (isSingle ? [kv.value] : [kv.value, newline]))),
    );
  } else if (format === 'json') {
    printJson(io.stdout, { ...targetToJson(target), records: records.map(toDocument) });
  } else {
    for (const { kv, problem } of records) {
      print(io.stdout, [keyText(kv.key), kv.value.toString('utf8')]);
      if (problem)
        warn(io, `warning: '${escapeAndTruncate(keyText(kv.key))}' is not an endpoint: ${problem}`);
    }
  }
}

function toDocument({ id, kv, endpoint, problem }: StoredRecord): object {
  const { createRevision, modRevision, version, lease } = kv;
  return {
    ...recordIdToJson(id, keyText(kv.key)),
    value: kv.value.toString('utf8'),
    valueBase64: kv.value.toString('base64'),
    endpoint: endpoint ? { addr: endpoint.addr, metadata: endpoint.metadata ?? null } : null,
    problem: problem ?? null,
    lease: lease === 0n ? null : lease,
    createRevision,
    modRevision,
    version,
  };
}
