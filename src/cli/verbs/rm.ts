import {
  compare,
  type EtcdClient,
  formatLeaseId,
  type KeyValue,
  keyText,
  type LeaseId,
  LeaseNotFoundError,
  op,
  type Revision,
} from '../../index.js';
import { type Command, type Invocation, printResult } from '../command.js';
import { exit } from '../exit-codes.js';
import { CliError, wrongUsage } from '../failure.js';
import { warn } from '../io.js';
import { type LeaseState, leaseState } from '../leases.js';
import { hexOption, keyOf, readTarget } from '../target.js';
import { count } from '../text.js';

export const rm: Command = {
  name: 'rm',
  takes: '<target> <id>',
  summary: 'delete a record',
  details: [
    'A server that lives stores its record again (registrations do, unless they were told to take a delete as an order):',
    'the command says so on stderr when the record has a lease that is alive. To take a living server out of service,',
    'drain it. With --revoke the lease goes, too, and with it every key attached; where it has other keys than this',
    'record, only with --force.',
  ],
  options: {
    revoke: { help: 'revoke its lease, too' },
    force: { help: 'with --revoke: also when the lease has other keys' },
    ...hexOption,
  },
  examples: ['etcd-naming rm foo/bar/my-service e1', 'etcd-naming rm foo/bar/my-service e1 --revoke'],
  words: [2, 2],
  async run(call) {
    const [written = '', id = ''] = call.words;
    const key = keyOf(readTarget(written), id, call.options);
    if (call.options.flag('force') && !call.options.flag('revoke'))
      throw wrongUsage('--force goes with --revoke: a delete needs none');
    const client = call.connect();
    const kv = await existing(client, key);
    const lease = await leaseState(client, kv.lease);
    const asked = call.options.flag('revoke');
    if (asked && lease.state === 'unknown')
      throw new CliError(
        `the lease ${formatLeaseId(kv.lease)} cannot be revoked, and nothing was deleted: ${lease.why}`,
      );
    const revoke = asked && lease.state === 'alive';
    if (revoke && !call.options.flag('force')) await checkSiblings(client, kv);
    const revision = await remove(client, key, kv);
    if (revoke) await revokeLease(client, kv.lease);
    const text = `deleted ${key}, revision ${revision}`;
    const more = asked ? `; ${revokedText(kv.lease, lease)}` : '';
    printResult(
      call,
      { key, revision, lease: kv.lease === 0n ? null : kv.lease, revoked: revoke },
      text + more,
    );
    if (lease.state === 'alive') warnOfReturn(call, written, id, lease, kv);
    return exit.ok;
  },
};

async function existing(client: EtcdClient, key: string): Promise<KeyValue> {
  const { kv } = await client.kv.get(key);
  if (kv) return kv;
  throw new CliError(`there is no '${key}'`);
}

async function checkSiblings(client: EtcdClient, kv: KeyValue): Promise<void> {
  const found = await client.lease.timeToLive(kv.lease, { keys: true });
  const others = (found?.keys ?? []).filter((key) => !key.equals(kv.key));
  const [other] = others;
  if (!other) return;
  throw new CliError(
    `the lease ${formatLeaseId(kv.lease)} has ${count(others.length, 'other key')}, such as '${keyText(other)}'; --force revokes it all the same`,
  );
}

/** Deletes what was seen, and nothing newer. */
async function remove(client: EtcdClient, key: string, { modRevision }: KeyValue): Promise<Revision> {
  const { succeeded, revision } = await client.kv.txn({
    compare: [compare.modRevision(key, '=', modRevision)],
    success: [op.delete(key)],
  });
  if (succeeded) return revision;
  throw new CliError(`'${key}' changed meanwhile and was left alone; look again, and repeat`);
}

function revokedText(lease: LeaseId, { state }: LeaseState): string {
  if (state === 'none') return 'it had no lease to revoke';
  return state === 'gone'
    ? `its lease ${formatLeaseId(lease)} had ended already`
    : `its lease ${formatLeaseId(lease)} is revoked`;
}

/** Its owner, told of the delete, may have given it back already. */
async function revokeLease(client: EtcdClient, lease: LeaseId): Promise<void> {
  try {
    await client.lease.revoke(lease);
  } catch (error) {
    if (!(error instanceof LeaseNotFoundError)) throw error;
  }
}

function warnOfReturn(call: Invocation, written: string, id: string, lease: LeaseState, kv: KeyValue): void {
  const hex = call.options.flag('hex') ? ' --hex' : '';
  const left = lease.state === 'alive' ? `${lease.remainingSeconds} of ${lease.grantedSeconds} s left` : '';
  warn(
    call.io,
    `warning: its lease ${formatLeaseId(kv.lease)} was alive (${left}): if its owner lives, the record will come back; ` +
      `to take it out of service: etcd-naming drain ${written} ${id}${hex}`,
  );
}
