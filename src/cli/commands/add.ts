import {
  compare,
  type Endpoint,
  type EtcdClient,
  formatLeaseId,
  type KeyValue,
  type Lease,
  op,
  type Revision,
} from '../../index.js';
import { addressProblem } from '../../internal.js';
import { codecFrom, codecOptions } from '../args/codec.js';
import { codecToJson, parseTargetArgument, recordKey, type Target } from '../args/target.js';
import { type Command, type Invocation, printResult } from '../command.js';
import { defaultId, endpointFrom, endpointOptions, maxTtlSeconds } from '../data/endpoint-options.js';
import { fetchLeaseState } from '../data/leases.js';
import { CliError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { warn } from '../output/io.js';

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
    ...endpointOptions('server'),
    ttl: { value: 'S', help: 'seconds until the record expires' },
    force: { help: 'overwrite an existing record' },
    ...codecOptions,
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
    const target = parseTargetArgument(input, await codecFrom(options));
    const endpoint = endpointFrom(addr, options);
    const key = recordKey(target, options.text('id') ?? defaultId(target, addr));
    const value = target.format.encode(key, endpoint); // fails before a lease is granted
    const ttlSeconds = options.integer('ttl', 1, maxTtlSeconds);
    const client = invocation.createClient();
    const lease = ttlSeconds === undefined ? undefined : await client.lease.grant({ ttlSeconds });
    try {
      const revision = await store(invocation, client, { key, value, lease });
      report(invocation, target, key, endpoint, lease, revision);
    } catch (error) {
      if (lease) await client.lease.revoke(lease.id).catch(() => {});
      throw error;
    }
    return exitCodes.ok;
  },
};

async function store(
  invocation: Invocation,
  client: EtcdClient,
  { key, value, lease }: { readonly key: string; readonly value: Buffer; readonly lease: Lease | undefined },
): Promise<Revision> {
  const put = op.put(key, value, lease ? { lease: lease.id } : {});
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
  target: Target,
  key: string,
  endpoint: Endpoint,
  lease: Lease | undefined,
  revision: Revision,
): void {
  const { addr, metadata = null } = endpoint;
  const document = {
    ...codecToJson(target),
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
