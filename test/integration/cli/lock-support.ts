import { EtcdClient } from '#src/client/index.js';
import type { LockQueueEntry } from '#src/lock/index.js';
import { skip, useEtcd } from '../../support/etcd.js';
import { isAlive } from '../testing/support.js';
import { type CommandProcess, CommandRunner } from './support.js';

export const timeoutMs = 20_000;

/**
 * An etcd and the command on it, and for each test a client and a name that no other test uses. Registers mocha hooks.
 *
 * @param kind the beginning of the names
 */
export function useNamedCommands(kind: string) {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  let client: EtcdClient;
  let name: string;
  let round = 0;

  before(function () {
    if (process.platform === 'win32') skip(this, 'Windows has neither sh nor these signals');
  });

  beforeEach(() => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    name = `${etcd().prefix}${kind}-${++round}`;
  });

  afterEach(() => client.close());

  return { etcd, commands, client: () => client, name: () => name };
}

/** Prints its variables and the signals that it receives. Its first argument is its exit code after SIGTERM; none: it stays. */
export const program = `
  trap 'echo received TERM; test -z "$0" || exit "$0"' TERM
  trap 'echo received INT; kill $!; exit 4' INT
  trap 'echo received CONT' CONT
  echo "running, pid $$, key $ETCD_LOCK_KEY, revision $ETCD_LOCK_REV"
  while :; do sleep 600 & wait $!; done
`;

/** What tests of `lock` need besides. Programs that outlive their command are killed after the test. */
export function useLockCommands() {
  const named = useNamedCommands('lock');
  const { commands, client, name } = named;
  /** Processes that may outlive the command. */
  const orphans: number[] = [];

  afterEach(() => {
    for (const pid of orphans.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });

  /** Starts the command with the program, and waits until the program runs. */
  async function start(exitCode: number | '', ...options: string[]): Promise<CommandProcess> {
    const command = commands.start('lock', name(), ...options, '--', 'sh', '-c', program, String(exitCode));
    await command.prints(/running, pid \d+/);
    orphans.push(pidOf(command));
    return command;
  }

  const queue = () => client().lockQueue(name());
  const isFree = async () => (await queue()).holder === undefined;
  const hasWaiters = (count: number) => async () => (await queue()).waiters.length === count;
  const losses: readonly (readonly [string, (lost: LockQueueEntry) => Promise<unknown>])[] = [
    ['its lease is revoked', ({ leaseId = 0n }) => client().lease.revoke(leaseId)],
    ['its key is deleted', ({ key }) => client().kv.delete(key)],
  ];

  return { ...named, orphans, start, queue, isFree, hasWaiters, losses };
}

/** The process id that the program printed. */
export function pidOf({ stdout }: CommandProcess): number {
  return Number(/pid (\d+)/.exec(stdout)?.[1]);
}
