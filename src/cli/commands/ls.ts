import { keyText, PermissionDeniedError } from '../../index.js';
import { parseTargetArgument, recordIdToJson, type Target } from '../args/target.js';
import type { Command, Invocation } from '../command.js';
import { fetchLeaseStates, formatLease, leaseToJson } from '../data/leases.js';
import { endpointToJson, readRecords, type StoredRecord, traitCells } from '../data/records.js';
import { listServices } from '../data/services.js';
import { CliError, usageError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { print, printJson, warn } from '../output/io.js';
import { alignColumns, escapeAndTruncate } from '../output/text.js';

export const ls: Command = {
  name: 'ls',
  usage: '[target]',
  summary: 'list the endpoints of a service, or all services',
  details: [
    'LEASE is the remaining and the granted time; a permanent record stays until it is deleted. REVISION is the revision of',
    'the last change, AGE the number of revisions of the store since then. Without a target, every key whose value is an',
    'endpoint belongs to the service before its last slash. The table truncates text after 200 characters; --json does not.',
  ],
  options: {
    prefix: { value: 'PREFIX', help: 'without a target: list only services below a prefix such as team-a/' },
  },
  examples: [
    'etcd-naming ls',
    'etcd-naming ls --prefix team-a/',
    'etcd-naming ls foo/bar/my-service',
    'etcd-naming ls etcd:///foo/bar/my-service --json | jq -r ".endpoints[].addr"',
  ],
  positionalCount: [0, 1],
  async run(invocation) {
    const [input] = invocation.positionals;
    const prefix = invocation.options.text('prefix');
    if (input !== undefined && prefix !== undefined)
      throw usageError('--prefix and a target exclude each other: --prefix lists services');
    if (input !== undefined) await listEndpoints(invocation, parseTargetArgument(input));
    else await listAllServices(invocation, prefix ?? '');
    return exitCodes.ok;
  },
};

async function listEndpoints({ io, options, createClient }: Invocation, target: Target): Promise<void> {
  const client = createClient();
  const { records, revision } = await readRecords(client, target.prefix);
  const leaseOf = await fetchLeaseStates(
    client,
    records.map(({ kv }) => kv.lease),
  );
  const invalid = records.filter(({ endpoint }) => endpoint === undefined);
  if (options.flag('json')) {
    const { service, prefix } = target;
    printJson(io.stdout, {
      target: service,
      prefix,
      revision,
      endpoints: records.flatMap((record) =>
        rowToJson(record, leaseToJson(record.kv.lease, leaseOf(record.kv.lease))),
      ),
      invalid: invalid.map(({ id, kv, problem }) => ({ ...recordIdToJson(id, keyText(kv.key)), problem })),
    });
    return;
  }
  const rows = records.flatMap((record) => toRow(record, formatLease(leaseOf(record.kv.lease)), revision));
  if (rows.length > 0)
    print(
      io.stdout,
      alignColumns([['ID', 'ADDR', 'WEIGHT', 'ZONE', 'STATUS', 'LEASE', 'REVISION', 'AGE'], ...rows]),
    );
  for (const { kv, problem } of invalid)
    warn(io, `warning: skipped '${escapeAndTruncate(keyText(kv.key))}': ${problem ?? ''}`);
  if (records.length === 0)
    warn(io, `no key starts with '${target.prefix}'; to find out why: etcd-naming doctor ${target.input}`);
}

function toRow({ id, kv, endpoint }: StoredRecord, lease: string, revision: bigint): string[][] {
  if (!endpoint) return [];
  const { weight, zone, status } = traitCells(endpoint);
  const age = revision - kv.modRevision;
  return [[id, endpoint.addr || '-', weight, zone, status, lease, `${kv.modRevision}`, `${age}`]];
}

function rowToJson({ id, kv, endpoint }: StoredRecord, lease: object): object[] {
  if (!endpoint) return [];
  const { createRevision, modRevision } = kv;
  return [{ ...endpointToJson(id, keyText(kv.key), endpoint), ...lease, createRevision, modRevision }];
}

async function listAllServices({ io, options, createClient }: Invocation, prefix: string): Promise<void> {
  const { services, revision } = await listServices(createClient(), prefix).catch(suggestPrefix);
  if (options.flag('json')) {
    printJson(io.stdout, { prefix, revision, services });
    return;
  }
  const rows = services.map(({ service, endpoints, draining, permanent }) =>
    [service, endpoints, draining, permanent].map(String),
  );
  if (rows.length > 0)
    print(io.stdout, alignColumns([['SERVICE', 'ENDPOINTS', 'DRAINING', 'PERMANENT'], ...rows]));
  else warn(io, `no key ${prefix === '' ? '' : `below '${prefix}' `}contains an endpoint`);
}

/** etcd rejects a range of which the user may read only a part. */
function suggestPrefix(error: unknown): never {
  if (!(error instanceof PermissionDeniedError)) throw error;
  const message = `${error.message}; narrow it with --prefix to what the user may read, or name a target`;
  throw new CliError(message, exitCodes.failed, error);
}
