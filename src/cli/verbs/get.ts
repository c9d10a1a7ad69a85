import { keyText } from '../../index.js';
import type { Command, Invocation } from '../command.js';
import { exit } from '../exit-codes.js';
import { CliError } from '../failure.js';
import { print, printBytes, printJson, warn } from '../io.js';
import { readRecords, type StoredRecord, toRecord } from '../records.js';
import { hexOption, idJson, keyOf, readTarget, type Target } from '../target.js';
import { shorten } from '../text.js';

export const get: Command = {
  name: 'get',
  takes: '<target> [id]',
  summary: 'the records as they are stored, in Go’s format',
  details: [
    'Each record is its key and, on the next line, its value. With --raw it is the value alone: with an id byte for',
    'byte (escaped where it goes to a terminal), without one each value and a newline. Ends with 1 when there is no',
    'such record.',
  ],
  options: { raw: { help: 'only the value, as its bytes are' }, ...hexOption },
  examples: [
    'etcd-naming get foo/bar/my-service',
    'etcd-naming get foo/bar/my-service e1 --raw | jq .Addr',
    'etcd-naming get foo/bar/my-service --json',
  ],
  words: [1, 2],
  async run(call) {
    const [written = '', id] = call.words;
    const target = readTarget(written);
    const records = await find(call, target, id);
    if (records.length === 0)
      throw new CliError(
        `there is no '${id === undefined ? target.prefix : keyOf(target, id, call.options)}'`,
      );
    show(call, target, records, id !== undefined);
    return exit.ok;
  },
};

async function find(
  call: Invocation,
  target: Target,
  id: string | undefined,
): Promise<readonly StoredRecord[]> {
  if (id === undefined) return (await readRecords(call.connect(), target.prefix, { values: true })).records;
  const { kv } = await call.connect().kv.get(keyOf(target, id, call.options));
  return kv ? [toRecord(target.prefix, kv)] : [];
}

function show(
  { io, options }: Invocation,
  target: Target,
  records: readonly StoredRecord[],
  isOne: boolean,
): void {
  if (options.flag('raw')) {
    const newline = Buffer.from('\n');
    printBytes(
      io.stdout,
      Buffer.concat(records.flatMap(({ kv }) => (isOne ? [kv.value] : [kv.value, newline]))),
    );
  } else if (options.flag('json')) {
    printJson(io.stdout, { target: target.service, records: records.map(toDocument) });
  } else {
    for (const { kv, problem } of records) {
      print(io.stdout, [keyText(kv.key), kv.value.toString('utf8')]);
      if (problem) warn(io, `warning: '${shorten(keyText(kv.key))}' is no endpoint: ${problem}`);
    }
  }
}

function toDocument({ id, kv, endpoint, problem }: StoredRecord): object {
  const { createRevision, modRevision, version, lease } = kv;
  return {
    ...idJson(id, keyText(kv.key)),
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
