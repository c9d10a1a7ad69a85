import { type EtcdClient, formatLeaseId, keyText, type Leader, type Term } from '../../index.js';
import type { ParsedOptions } from '../args/options.js';
import { type Command, type Invocation, type Outcome, printResult } from '../command.js';
import { CliError, usageError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { warn } from '../output/io.js';
import { onSignals, terminationSignals } from '../signals.js';
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
import { leaderJsonView, leaderTextView } from '../views/leader-view.js';
import { reportOutages } from '../views/outages.js';

export const elect: Command = {
  name: 'elect',
  usage: '<name> [<value>] [-- <program> [arguments]]',
  summary: 'run a program while this process is the leader of an election, or follow the leader',
  details: [
    'Enters the election with a value that observers see, and waits until it leads, together with etcdctl elect and Go’s',
    'concurrency.Election. The program then runs as with the command lock: with ETCD_LOCK_KEY and ETCD_LOCK_REV, until it ends or',
    'the leadership is lost (exit code 125). Without a program it prints the key and the value, and leads until SIGINT, SIGTERM or',
    'SIGHUP. With --timeout it exits with 124 if it does not lead in that time; 0s does not wait. --observe prints the leader, each new one, each',
    'value that it proclaims, and that there is none, until a signal ends it with 0.',
  ],
  options: {
    observe: { short: 'l', help: 'print the leader and each change, and do not take part' },
    ...tenureOptions('the leadership'),
  },
  examples: [
    'etcd-naming elect jobs/scheduler "$(hostname)" -- ./scheduler',
    'etcd-naming elect --observe jobs/scheduler --json',
  ],
  positionalCount: [1, 2],
  runsProgram: true,
  async run(invocation) {
    const [name = '', value] = invocation.positionals;
    if (name === '') throw usageError('the name of the election is empty');
    if (invocation.options.flag('observe')) {
      if (value !== undefined) throw usageError('--observe and a value exclude each other');
      if (invocation.programArgs) throw usageError('--observe and a program exclude each other');
      refuseTenureOptions(invocation.options, '--observe');
      return observe(invocation, name);
    }
    if (value === undefined)
      throw usageError('the value of the candidate is missing; --observe follows the leader');
    return lead(invocation, { name, value }, programFrom(invocation));
  },
};

interface Candidate {
  readonly name: string;
  readonly value: string;
}

async function lead(
  invocation: Invocation,
  { name, value }: Candidate,
  program: ProgramOptions | undefined,
): Promise<Outcome> {
  const { options, io } = invocation;
  const log = (text: string) => warn(io, text);
  const [ttlSeconds, timeoutMs] = [ttlSecondsFrom(options), options.duration('timeout')];
  const client = invocation.createClient();
  const waited = await waitInterruptibly(
    async (signal) => {
      // A campaign waits for etcd without a limit. This read fails, so that a mistyped address is reported.
      const leader = await client.election.leader(name, { signal });
      if (leader && timeoutMs === 0)
        throw new CliError(
          `the election '${name}' has a leader: ${describeLeader(leader)}`,
          exitCodes.notAcquired,
        );
      if (leader) log(`waiting for the election '${name}': ${describeLeader(leader)}`);
      // Without a leader the candidate leads at once, unless another enters at the same time.
      const limitMs = timeoutMs === 0 ? attemptMs(options) : timeoutMs;
      return becomeLeader(client, { name, value }, { ttlSeconds, timeoutMs: limitMs, signal });
    },
    (term) => term.resign(),
  );
  if ('outcome' in waited) return waited.outcome;
  const term = waited.value;
  const { leaseId, token } = term;
  const key = keyText(term.key);
  const announce = () => {
    if (program) log(`elected in '${name}' as ${key}, lease ${formatLeaseId(leaseId)}, revision ${token}`);
    else printResult(invocation, { name, key, value, lease: leaseId, revision: token }, key, value);
  };
  return runWhileHeld({ tenure: term, end: () => term.resign() }, { program, announce, ttlSeconds, log });
}

/** The time for one attempt without waiting, in milliseconds: that of a call to etcd. */
function attemptMs(options: ParsedOptions): number {
  return options.duration('command-timeout') || 5_000;
}

function describeLeader({ key, value }: Leader): string {
  return `the leader is ${keyText(key)}, '${value}'`;
}

/** Waits for the first term of a campaign. @throws {CliError} if it did not begin in time. */
async function becomeLeader(
  client: EtcdClient,
  { name, value }: Candidate,
  { ttlSeconds, timeoutMs, signal }: TenureWait,
): Promise<Term> {
  const ending = new AbortController();
  const onAbort = () => ending.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const late = new CliError(
    `the election '${name}' was not won within ${timeoutMs} ms`,
    exitCodes.notAcquired,
  );
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => ending.abort(late), timeoutMs);
  try {
    const campaign = client.election.campaign(name, value, { ttlSeconds, signal: ending.signal });
    const { value: term } = await campaign[Symbol.asyncIterator]().next();
    if (!term) throw new TypeError('a campaign that is not aborted yields a term');
    return term;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

async function observe({ io, format, createClient }: Invocation, name: string): Promise<Outcome> {
  const client = createClient();
  const ending = new AbortController();
  const removeHandlers = onSignals(terminationSignals, () => ending.abort());
  const { signal } = ending;
  const view = format === 'json' ? leaderJsonView(io.stdout) : leaderTextView(io.stdout);
  try {
    // An observation waits for etcd without a limit. This read fails, so that a mistyped address is reported.
    await client.election.leader(name, { signal });
    void reportOutages(client, `${name}/`, view);
    for await (const leader of client.election.observe(name, { signal })) view.onLeader(leader);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    view.close();
    removeHandlers();
  }
  return exitCodes.ok;
}
