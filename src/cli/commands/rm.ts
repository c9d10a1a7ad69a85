import {
  type EtcdClient,
  formatLeaseId,
  type KeyValue,
  keyText,
  type LeaseId,
  LeaseNotFoundError,
  type Revision,
} from '../../index.js';
import { codecFrom, codecOptions } from '../args/codec.js';
import { codecToJson, hexOption, parseTargetArgument, recordKey, type Target } from '../args/target.js';
import { type Command, type Invocation, printResult } from '../command.js';
import { writeIfUnchanged } from '../data/conditional-writes.js';
import { fetchLeaseState, type LeaseState } from '../data/leases.js';
import { CliError, usageError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { warn } from '../output/io.js';
import { pluralize } from '../output/text.js';

export const rm: Command = {
  name: 'rm',
  usage: '<target> <id>',
  summary: 'delete a record',
  details: [
    'A running server stores its record again (a registration does so unless its onDeleted option is "stop"). If the lease',
    'of the record is alive, a warning on stderr says so. To take a running server out of service, drain it instead. With',
    '--revoke the lease is revoked, which deletes every key attached to it; if it has other keys, --force is also needed.',
  ],
  options: {
    revoke: { help: 'also revoke the lease of the record' },
    force: { help: 'with --revoke: also if the lease has other keys' },
    ...hexOption,
    ...codecOptions,
  },
  examples: ['etcd-naming rm foo/bar/my-service e1', 'etcd-naming rm foo/bar/my-service e1 --revoke'],
  positionalCount: [2, 2],
  async run(invocation) {
    const { options } = invocation;
    const [input = '', id = ''] = invocation.positionals;
    const target = parseTargetArgument(input, await codecFrom(options));
    const key = recordKey(target, id, options);
    const [wantsRevoke, force] = [options.flag('revoke'), options.flag('force')];
    if (force && !wantsRevoke) throw usageError('--force requires --revoke: a deletion does not need it');
    const client = invocation.createClient();
    const kv = await getRecord(client, key);
    const lease = await fetchLeaseState(client, kv.lease);
    if (wantsRevoke && lease.state === 'unknown')
      throw new CliError(
        `cannot revoke the lease ${formatLeaseId(kv.lease)}; nothing was deleted: ${lease.reason}`,
      );
    const revoked = wantsRevoke && lease.state === 'alive';
    if (revoked && !force) await requireNoOtherKeys(client, kv);
    const revision = await deleteRecord(client, key, kv);
    if (revoked) await revokeLease(client, kv.lease);
    const revokeText = wantsRevoke ? `; ${describeRevocation(kv.lease, lease)}` : '';
    printResult(
      invocation,
      { ...codecToJson(target), key, revision, lease: kv.lease === 0n ? null : kv.lease, revoked },
      `deleted ${key}, revision ${revision}${revokeText}`,
    );
    if (lease.state === 'alive') warnAboutOwner(invocation, target, id, lease, kv);
    return exitCodes.ok;
  },
};

async function getRecord(client: EtcdClient, key: string): Promise<KeyValue> {
  const { kv } = await client.kv.get(key);
  if (kv) return kv;
  throw new CliError(`'${key}' does not exist`);
}

async function requireNoOtherKeys(client: EtcdClient, kv: KeyValue): Promise<void> {
  const found = await client.lease.timeToLive(kv.lease, { keys: true });
  const others = (found?.keys ?? []).filter((key) => !key.equals(kv.key));
  const [other] = others;
  if (!other) return;
  throw new CliError(
    `the lease ${formatLeaseId(kv.lease)} has ${pluralize(others.length, 'other key')}, such as '${keyText(other)}'; --force revokes it anyway`,
  );
}

/** Deletes the record only in the version that was read. */
async function deleteRecord(client: EtcdClient, key: string, kv: KeyValue): Promise<Revision> {
  const { succeeded, revision } = await writeIfUnchanged(client, kv, { type: 'delete' });
  if (succeeded) return revision;
  throw new CliError(`'${key}' was changed by another process and was not deleted; check it, and try again`);
}

function describeRevocation(lease: LeaseId, { state }: LeaseState): string {
  if (state === 'none') return 'it had no lease to revoke';
  return state === 'gone'
    ? `its lease ${formatLeaseId(lease)} had already ended`
    : `its lease ${formatLeaseId(lease)} was revoked`;
}

/** The owner notices the deletion and may have revoked the lease itself. */
async function revokeLease(client: EtcdClient, lease: LeaseId): Promise<void> {
  try {
    await client.lease.revoke(lease);
  } catch (error) {
    if (!(error instanceof LeaseNotFoundError)) throw error;
  }
}

function warnAboutOwner(
  { io, options }: Invocation,
  { input, codecArgs, format }: Target,
  id: string,
  lease: LeaseState & { state: 'alive' },
  kv: KeyValue,
): void {
  const hex = options.flag('hex') ? ' --hex' : '';
  const advice = format.canDrain
    ? `; to take it out of service: etcd-naming drain ${input} ${id}${hex}${codecArgs}`
    : '';
  const left = `${lease.remainingSeconds} of ${lease.grantedSeconds} s left`;
  warn(
    io,
    `warning: its lease ${formatLeaseId(kv.lease)} was alive (${left}): if its owner is running, it will store the record again${advice}`,
  );
}
