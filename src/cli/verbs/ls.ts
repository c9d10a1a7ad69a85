import { keyText, PermissionDeniedError } from '../../index.js';
import type { Command, Invocation } from '../command.js';
import { exit } from '../exit-codes.js';
import { CliError, wrongUsage } from '../failure.js';
import { print, printJson, warn } from '../io.js';
import { leaseCell, leaseJson, leaseStates } from '../leases.js';
import { endpointJson, readRecords, type StoredRecord, traitCells } from '../records.js';
import { listServices } from '../services.js';
import { idJson, readTarget, type Target } from '../target.js';
import { columns, shorten } from '../text.js';

export const ls: Command = {
  name: 'ls',
  takes: '[target]',
  summary: 'the endpoints of a service, or without one the services there are',
  details: [
    'LEASE is the time left and granted; a permanent record stays until somebody deletes it. REVISION is that of the',
    'last change, AGE how many revisions the store has had since. Without a target, every key whose value is an',
    'endpoint counts for the service that it lies under: all before its last slash. What is longer than 200 characters',
    'is cut in the table, and whole with --json.',
  ],
  options: { prefix: { value: 'PREFIX', help: 'without a target: only services below it, such as team-a/' } },
  examples: [
    'etcd-naming ls',
    'etcd-naming ls --prefix team-a/',
    'etcd-naming ls foo/bar/my-service',
    'etcd-naming ls etcd:///foo/bar/my-service --json | jq -r ".endpoints[].addr"',
  ],
  words: [0, 1],
  async run(call) {
    const [written] = call.words;
    const prefix = call.options.text('prefix');
    if (written !== undefined && prefix !== undefined)
      throw wrongUsage('--prefix goes without a target: it lists services');
    if (written !== undefined) await listTarget(call, readTarget(written));
    else await listAll(call, prefix ?? '');
    return exit.ok;
  },
};

async function listTarget(call: Invocation, target: Target): Promise<void> {
  const client = call.connect();
  const { records, revision } = await readRecords(client, target.prefix);
  const leaseOf = await leaseStates(
    client,
    records.map(({ kv }) => kv.lease),
  );
  const invalid = records.filter(({ endpoint }) => endpoint === undefined);
  if (call.options.flag('json')) {
    const endpoints = records.flatMap((record) =>
      rowJson(record, leaseJson(record.kv.lease, leaseOf(record.kv.lease))),
    );
    const bad = invalid.map(({ id, kv, problem }) => ({ ...idJson(id, keyText(kv.key)), problem }));
    const { service, prefix } = target;
    printJson(call.io.stdout, { target: service, prefix, revision, endpoints, invalid: bad });
    return;
  }
  const rows = records.flatMap((record) => row(record, leaseCell(leaseOf(record.kv.lease)), revision));
  if (rows.length > 0)
    print(
      call.io.stdout,
      columns([['ID', 'ADDR', 'WEIGHT', 'ZONE', 'STATUS', 'LEASE', 'REVISION', 'AGE'], ...rows]),
    );
  for (const { kv, problem } of invalid)
    warn(call.io, `warning: '${shorten(keyText(kv.key))}' is passed over: ${problem ?? ''}`);
  if (records.length === 0)
    warn(call.io, `no key starts with '${target.prefix}'; etcd-naming doctor ${target.written} tells more`);
}

function row({ id, kv, endpoint }: StoredRecord, lease: string, revision: bigint): string[][] {
  if (!endpoint) return [];
  const { weight, zone, status } = traitCells(endpoint);
  return [
    [
      id,
      endpoint.addr || '-',
      weight,
      zone,
      status,
      lease,
      `${kv.modRevision}`,
      `${revision - kv.modRevision}`,
    ],
  ];
}

function rowJson({ id, kv, endpoint }: StoredRecord, lease: object): object[] {
  if (!endpoint) return [];
  const { createRevision, modRevision } = kv;
  return [{ ...endpointJson(id, keyText(kv.key), endpoint), ...lease, createRevision, modRevision }];
}

/** Who may read a part alone is refused the whole. */
function narrowed(error: unknown): never {
  if (!(error instanceof PermissionDeniedError)) throw error;
  const message = `${error.message}; narrow it with --prefix to what the user may read, or name a target`;
  throw new CliError(message, exit.failed, error);
}

async function listAll(call: Invocation, prefix: string): Promise<void> {
  const { services, revision } = await listServices(call.connect(), prefix).catch(narrowed);
  if (call.options.flag('json')) {
    printJson(call.io.stdout, { prefix, revision, services });
    return;
  }
  const rows = services.map(({ service, endpoints, draining, permanent }) =>
    [service, endpoints, draining, permanent].map(String),
  );
  if (rows.length > 0)
    print(call.io.stdout, columns([['SERVICE', 'ENDPOINTS', 'DRAINING', 'PERMANENT'], ...rows]));
  else warn(call.io, `no key ${prefix === '' ? '' : `below '${prefix}' `}holds an endpoint`);
}
