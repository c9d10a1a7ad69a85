import {
  compare,
  type Endpoint,
  type EtcdClient,
  encodeEndpoint,
  formatLeaseId,
  type JsonValue,
  type KeyValue,
  type Lease,
  op,
  type Revision,
} from '../../index.js';
import { addressId, addressProblem, parseAddress } from '../../internal.js';
import type { ParsedOptions } from '../args/options.js';
import { parseTargetArgument, recordKey } from '../args/target.js';
import { type Command, type Invocation, printResult } from '../command.js';
import { fetchLeaseState } from '../data/leases.js';
import { isJsonObject, rejectUnsafeIntegers } from '../data/records.js';
import { CliError, usageError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { warn } from '../output/io.js';

/** etcd's own limit, in seconds. */
export const maxTtlSeconds = 9_000_000_000;

export const add: Command = {
  name: 'add',
  usage: '<target> <addr>',
  summary: 'store an endpoint, permanently or for a limited time',
  details: [
    'Nothing renews the record: without --ttl it stays until it is deleted, even if its server has ended; with --ttl it',
    'expires. For a server that starts and stops, use `etcd-naming register`, or register() in its code.',
    'An existing record is not changed, and the exit code is 1, unless --force is given.',
  ],
  options: {
    id: { value: 'ID', help: 'last part of the key (default: the address, with a slash as %2F)' },
    weight: { value: 'N', help: 'share of the calls, stored in the metadata' },
    zone: { value: 'ZONE', help: 'zone of the server, stored in the metadata' },
    metadata: { value: 'JSON', help: 'metadata; weight and zone are added to it' },
    ttl: { value: 'S', help: 'seconds until the record expires' },
    force: { help: 'overwrite an existing record' },
  },
  examples: [
    'etcd-naming add foo/bar/my-service 10.0.0.7:50051',
    'etcd-naming add foo/bar/my-service 10.0.0.7:50051 --id e1 --weight 3 --zone eu-1a',
    `etcd-naming add foo/bar/my-service '[2001:db8::7]:50051' --ttl 60 --metadata '{"version":"2.1"}'`,
  ],
  positionalCount: [2, 2],
  async run(invocation) {
    const { options } = invocation;
    const [input = '', addr = ''] = invocation.positionals;
    const target = parseTargetArgument(input);
    const endpoint = endpointFrom(addr, options);
    encodeEndpoint(endpoint); // so that an endpoint that cannot be stored fails before a lease is granted
    const key = recordKey(target, options.text('id') ?? addressId(addr));
    const ttlSeconds = options.integer('ttl', 1, maxTtlSeconds);
    const client = invocation.createClient();
    const lease = ttlSeconds === undefined ? undefined : await client.lease.grant({ ttlSeconds });
    try {
      const revision = await store(invocation, client, key, endpoint, lease);
      report(invocation, key, endpoint, lease, revision);
    } catch (error) {
      if (lease) await client.lease.revoke(lease.id).catch(() => {});
      throw error;
    }
    return exitCodes.ok;
  },
};

/** The endpoint that `add` and `register` store. @throws {CliError} for wrong usage. */
export function endpointFrom(addr: string, options: ParsedOptions): Endpoint {
  const parsed = parseAddress(addr);
  if ('problem' in parsed) throw usageError(`the address '${addr}' cannot be dialled: ${parsed.problem}`);
  const [weight, zone] = [options.number('weight', 0), options.text('zone')];
  const metadata = metadataFrom(options.text('metadata'));
  if (weight === undefined && zone === undefined)
    return metadata === undefined ? { addr } : { addr, metadata };
  if (metadata !== undefined && metadata !== null && !isJsonObject(metadata))
    throw usageError('--weight and --zone require metadata that is an object; --metadata is not one');
  const traits = { ...(weight === undefined ? {} : { weight }), ...(zone === undefined ? {} : { zone }) };
  return { addr, metadata: { ...(metadata ?? {}), ...traits } };
}

function metadataFrom(text: string | undefined): JsonValue | undefined {
  if (text === undefined) return undefined;
  const metadata = parseJson(text);
  rejectUnsafeIntegers(text);
  return metadata;
}

function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw usageError(`--metadata is not JSON: ${(error as Error).message}`);
  }
}

async function store(
  invocation: Invocation,
  client: EtcdClient,
  key: string,
  endpoint: Endpoint,
  lease: Lease | undefined,
): Promise<Revision> {
  const put = op.put(key, encodeEndpoint(endpoint), lease ? { lease: lease.id } : {});
  const isAbsent = compare.createRevision(key, '=', 0n);
  const force = invocation.options.flag('force');
  const { succeeded, results, revision } = await client.kv.txn({
    compare: [isAbsent],
    success: [put],
    failure: force ? [op.get(key), put] : [op.get(key)],
  });
  if (succeeded) return revision;
  const existing = results[0]?.type === 'range' ? results[0].kvs[0] : undefined;
  if (!force) throw new CliError(`'${key}' already exists: ${existing?.value}; --force overwrites it`);
  if (existing) await warnAboutOwner(invocation, client, existing);
  return revision;
}

async function warnAboutOwner({ io }: Invocation, client: EtcdClient, replaced: KeyValue): Promise<void> {
  const lease = await fetchLeaseState(client, replaced.lease);
  if (lease.state === 'alive')
    warn(
      io,
      `warning: the lease of the previous record is alive (${formatLeaseId(replaced.lease)}): its owner may overwrite this one`,
    );
}

function report(
  invocation: Invocation,
  key: string,
  endpoint: Endpoint,
  lease: Lease | undefined,
  revision: Revision,
): void {
  const { addr, metadata = null } = endpoint;
  const document = {
    key,
    addr,
    metadata,
    lease: lease?.id ?? null,
    ttlSeconds: lease?.ttlSeconds ?? null,
    revision,
  };
  const lifetime = lease
    ? `for ${lease.ttlSeconds} s with the lease ${formatLeaseId(lease.id)}, which nothing renews`
    : 'permanently, until it is deleted';
  printResult(invocation, document, `stored ${key} at ${addr}, revision ${revision}, ${lifetime}`);
  const problem = addressProblem(addr);
  if (problem !== undefined) warn(invocation.io, `warning: ${addr}: ${problem}`);
}
