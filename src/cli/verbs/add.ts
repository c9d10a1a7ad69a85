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
import { type Command, type Invocation, printResult } from '../command.js';
import { exit } from '../exit-codes.js';
import { CliError, wrongUsage } from '../failure.js';
import { warn } from '../io.js';
import { leaseState } from '../leases.js';
import type { Options } from '../options.js';
import { checkIntegers, isPlain } from '../records.js';
import { keyOf, readTarget } from '../target.js';

/** etcd's limit. */
export const maxTtlSeconds = 9_000_000_000;

export const add: Command = {
  name: 'add',
  takes: '<target> <addr>',
  summary: 'store an endpoint: for good, or for a time',
  details: [
    'Nothing keeps it alive: without --ttl it stays until it is deleted, also when its server is long gone; with it,',
    'it is gone when the time is up. A server that comes and goes wants `etcd-naming register`, or register() itself.',
    'A record that is there already is left alone and the exit code is 1, unless --force is given.',
  ],
  options: {
    id: { value: 'ID', help: 'the last part of the key (default: the address, a slash in it as %2F)' },
    weight: { value: 'N', help: 'its share of the calls, in its metadata' },
    zone: { value: 'ZONE', help: 'where it runs, in its metadata' },
    metadata: { value: 'JSON', help: 'its metadata; weight and zone are added to it' },
    ttl: { value: 'S', help: 'seconds until it is gone' },
    force: { help: 'write over a record that is there' },
  },
  examples: [
    'etcd-naming add foo/bar/my-service 10.0.0.7:50051',
    'etcd-naming add foo/bar/my-service 10.0.0.7:50051 --id e1 --weight 3 --zone eu-1a',
    `etcd-naming add foo/bar/my-service '[2001:db8::7]:50051' --ttl 60 --metadata '{"version":"2.1"}'`,
  ],
  words: [2, 2],
  async run(call) {
    const [written = '', addr = ''] = call.words;
    const target = readTarget(written);
    const endpoint = endpointOf(addr, call.options);
    encodeEndpoint(endpoint); // before a lease is granted for what cannot be stored
    const key = keyOf(target, call.options.text('id') ?? addressId(addr));
    const ttlSeconds = call.options.wholeNumber('ttl', 1, maxTtlSeconds);
    const client = call.connect();
    const lease = ttlSeconds === undefined ? undefined : await client.lease.grant({ ttlSeconds });
    try {
      const revision = await store(call, client, key, endpoint, lease);
      report(call, key, endpoint, lease, revision);
    } catch (error) {
      if (lease) await client.lease.revoke(lease.id).catch(() => {});
      throw error;
    }
    return exit.ok;
  },
};

/** What `add` and `register` store. @throws {CliError} for wrong usage. */
export function endpointOf(addr: string, options: Options): Endpoint {
  const parsed = parseAddress(addr);
  if ('problem' in parsed) throw wrongUsage(`the address '${addr}' cannot be dialled: ${parsed.problem}`);
  const [weight, zone] = [options.number('weight', 0), options.text('zone')];
  const metadata = metadataOf(options.text('metadata'));
  if (weight === undefined && zone === undefined)
    return metadata === undefined ? { addr } : { addr, metadata };
  if (metadata !== undefined && metadata !== null && !isPlain(metadata))
    throw wrongUsage('--weight and --zone go into metadata that is an object; --metadata is none');
  const more = { ...(weight === undefined ? {} : { weight }), ...(zone === undefined ? {} : { zone }) };
  return { addr, metadata: { ...(metadata ?? {}), ...more } };
}

function metadataOf(text: string | undefined): JsonValue | undefined {
  if (text === undefined) return undefined;
  const metadata = parse(text);
  checkIntegers(text);
  return metadata;
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw wrongUsage(`--metadata is no JSON: ${(error as Error).message}`);
  }
}

async function store(
  call: Invocation,
  client: EtcdClient,
  key: string,
  endpoint: Endpoint,
  lease: Lease | undefined,
): Promise<Revision> {
  const put = op.put(key, encodeEndpoint(endpoint), lease ? { lease: lease.id } : {});
  const isFree = compare.createRevision(key, '=', 0n);
  const force = call.options.flag('force');
  const { succeeded, results, revision } = await client.kv.txn({
    compare: [isFree],
    success: [put],
    failure: force ? [op.get(key), put] : [op.get(key)],
  });
  if (succeeded) return revision;
  const found = results[0]?.type === 'range' ? results[0].kvs[0] : undefined;
  if (!force) throw new CliError(`'${key}' is there already: ${found?.value}; --force writes over it`);
  if (found) await warnOfOwner(call, client, found);
  return revision;
}

async function warnOfOwner({ io }: Invocation, client: EtcdClient, replaced: KeyValue): Promise<void> {
  const lease = await leaseState(client, replaced.lease);
  if (lease.state === 'alive')
    warn(
      io,
      `warning: the record that was there has a lease that is alive (${formatLeaseId(replaced.lease)}): its owner may take the key back`,
    );
}

function report(
  call: Invocation,
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
  const life = lease
    ? `for ${lease.ttlSeconds} s by the lease ${formatLeaseId(lease.id)}, which nothing keeps alive`
    : 'for good: it stays until somebody deletes it';
  printResult(call, document, `stored ${key} at ${addr}, revision ${revision}, ${life}`);
  const oddity = addressProblem(addr);
  if (oddity !== undefined) warn(call.io, `warning: ${addr}: ${oddity}`);
}
