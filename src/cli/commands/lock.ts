import {
  DeadlineError,
  type EtcdClient,
  formatLeaseId,
  keyText,
  type Lock,
  type LockQueue,
} from '../../index.js';
import { type Command, type Invocation, type Outcome, printResult } from '../command.js';
import { CliError, messageWithoutCode, usageError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { printListing } from '../listing/listing.js';
import { describeEntry, listQueue } from '../listing/queue-listing.js';
import { warn } from '../output/io.js';
import { waitInterruptibly } from '../supervise/interruptible-wait.js';
import type { ProgramOptions } from '../supervise/program-control.js';
import { runWhileHeld } from '../supervise/run-while-held.js';
import {
  programFrom,
  refuseTenureOptions,
  type TenureWait,
  tenureOptions,
  ttlSecondsFrom,
} from '../supervise/tenure-options.js';

export const lock: Command = {
  name: 'lock',
  usage: '<name> [-- <program> [arguments]]',
  summary: 'run a program while a lock is held',
  details: [
    'Waits for the lock, in the order of all waiters, and excludes etcdctl lock and Go’s concurrency.Mutex. The program gets the',
    'key and the revision of the lock in ETCD_LOCK_KEY and ETCD_LOCK_REV, as etcdctl sets them; the revision grows with each',
    'holder, so that what the lock protects can refuse an earlier one. The command exits with the program’s exit code or',
    'signal. It forwards every signal that can be caught, and keeps the lock until the program has ended. When the lock is lost',
    '(docs/command.md), the program’s process group gets SIGTERM, then SIGKILL after --grace, and the exit code is 125. Without',
    'a program it prints the key, and keeps the lock until SIGINT, SIGTERM or SIGHUP. With --timeout it exits with 124 if it',
    'did not get the lock in that time; 0s does not wait. --list prints the holder and the waiters.',
  ],
  options: {
    list: { help: 'print the holder and the waiters, and do not join them' },
    ...tenureOptions('the lock'),
  },
  examples: [
    'etcd-naming lock jobs/nightly -- ./nightly-job',
    'etcd-naming lock jobs/nightly --timeout 0s -- ./nightly-job || echo "another host runs it"',
    'etcd-naming lock --list jobs/nightly',
  ],
  positionalCount: [1, 1],
  runsProgram: true,
  async run(invocation) {
    const [name = ''] = invocation.positionals;
    if (name === '') throw usageError('the name of the lock is empty');
    if (!invocation.options.flag('list')) return hold(invocation, name, programFrom(invocation));
    if (invocation.programArgs) throw usageError('--list and a program exclude each other');
    refuseTenureOptions(invocation.options, '--list');
    const client = invocation.createClient();
    printListing(invocation.io, invocation.format, await listQueue(client, name));
    return exitCodes.ok;
  },
};

async function hold(
  invocation: Invocation,
  name: string,
  program: ProgramOptions | undefined,
): Promise<Outcome> {
  const { options, io } = invocation;
  const log = (text: string) => warn(io, text);
  const ttlSeconds = ttlSecondsFrom(options);
  const timeoutMs = options.duration('timeout');
  const client = invocation.createClient();
  const waited = await waitInterruptibly(
    async (signal) => {
      // A lock waits for etcd without a limit. This read fails, so that a mistyped address is reported.
      const queue = await client.lockQueue(name, { signal });
      if (queue.holder && timeoutMs !== 0) log(`waiting for the lock '${name}': ${describeQueue(queue)}`);
      return acquire(client, name, { ttlSeconds, timeoutMs, signal });
    },
    (lock) => lock.release(),
  );
  if ('outcome' in waited) return waited.outcome;
  const lock = waited.value;
  const { leaseId, token } = lock;
  const key = keyText(lock.key);
  const announce = () => {
    if (program)
      log(`acquired the lock '${name}' as ${key}, lease ${formatLeaseId(leaseId)}, revision ${token}`);
    else printResult(invocation, { name, key, lease: leaseId, revision: token }, key);
  };
  return runWhileHeld({ tenure: lock, end: () => lock.release() }, { program, announce, ttlSeconds, log });
}

function describeQueue({ holder, waiters }: LockQueue): string {
  const held = holder ? `its holder is ${describeEntry(holder)}` : 'it is free';
  return waiters.length === 0 ? held : `${held}, and ${waiters.length} wait before this process`;
}

/** @throws {CliError} if the lock was not acquired in time. */
async function acquire(
  client: EtcdClient,
  name: string,
  { ttlSeconds, timeoutMs, signal }: TenureWait,
): Promise<Lock> {
  if (timeoutMs === 0) {
    const acquired = await client.tryLock(name, { ttlSeconds, signal });
    if (acquired) return acquired;
    const { holder } = await client.lockQueue(name, { signal });
    const who = holder ? `: its holder is ${describeEntry(holder)}` : '';
    throw new CliError(`the lock '${name}' is not free${who}`, exitCodes.notAcquired);
  }
  try {
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    return await client.lock(name, { ttlSeconds, signal, requeue: true, ...limit });
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    throw new CliError(messageWithoutCode(error), exitCodes.notAcquired, error);
  }
}
