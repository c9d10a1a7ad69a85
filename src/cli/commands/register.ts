import type { OnConflict } from '../../index.js';
import { addressProblem, parseAddress, registrationId } from '../../internal.js';
import { codecFrom, codecOptions } from '../args/codec.js';
import { choice, type ParsedOptions } from '../args/options.js';
import { parseTargetArgument } from '../args/target.js';
import type { Command } from '../command.js';
import { isCallersOwnHost } from '../data/address.js';
import { endpointFrom, endpointOptions, maxTtlSeconds } from '../data/endpoint-options.js';
import { ifDefined } from '../data/if-defined.js';
import { usageError } from '../errors.js';
import { warn } from '../output/io.js';
import { withoutEtcdctlVariables } from '../supervise/program-environment.js';
import { Supervisor } from '../supervise/supervisor.js';

const conflictPolicies: readonly OnConflict[] = ['wait', 'fail', 'takeover'];
const deletionPolicies = ['restore', 'stop'] as const;

export const register: Command = {
  name: 'register',
  usage: '<target> --addr HOST:PORT -- <program> [arguments]',
  summary: 'run a program and keep it registered while it runs',
  details: [
    'The record is stored when the program’s port accepts connections, is restored when it is lost (docs/registration.md),',
    'and is deleted when the program ends. The command exits with the program’s exit code or signal. On SIGTERM, SIGINT or',
    'SIGHUP the record is first marked as draining, then deleted, and only then the program receives the signal. A second',
    'signal skips the waiting, a third one kills the program. Every other signal that can be caught is forwarded immediately',
    '(docs/command.md). The program leads its own process group, and signals go to the whole group. While etcd is unreachable the',
    'program keeps running; it is registered when etcd returns. If the program’s address already accepts connections, the',
    'program is not started.',
  ],
  options: {
    addr: { value: 'HOST:PORT', help: 'address at which callers reach the program' },
    ...endpointOptions('program'),
    ttl: { value: 'S', help: 'seconds until the record expires if this process is killed (default 10)' },
    'ready-addr': { value: 'HOST:PORT', help: 'address to check for readiness (default: --addr)' },
    'ready-check': {
      onByDefault: true,
      help: 'store the record as soon as the program runs, without a readiness check',
    },
    'ready-timeout': {
      value: 'DURATION',
      help: 'limit for the readiness check, after which the program is terminated (default 30s)',
    },
    propagate: {
      value: 'DURATION',
      help: 'time for callers to notice the draining mark, and again the deletion (default 1s)',
    },
    'stop-timeout': { value: 'DURATION', help: 'time for the program to end before SIGKILL (default 10s)' },
    'clean-env': { help: 'remove ETCDCTL_* from the program’s environment' },
    'on-conflict': {
      ...choice(conflictPolicies),
      help: 'what to do about another owner’s record under the key (default wait)',
    },
    'on-deleted': {
      ...choice(deletionPolicies),
      help: 'what to do when another process deletes the record (default restore)',
    },
    ...codecOptions,
  },
  examples: [
    'etcd-naming register foo/bar/my-service --addr 10.0.0.7:50051 -- node server.js',
    'etcd-naming register my-service --codec kratos --addr 10.0.0.7:50051 -- ./server',
    'etcd-naming register foo/bar/my-service --addr "$POD_IP:50051" --ready-addr 127.0.0.1:50051 --zone eu-1a -- ./server',
  ],
  positionalCount: [1, 1],
  runsProgram: true,
  async run({ positionals, options, programArgs, io, createClient }) {
    const target = parseTargetArgument(positionals[0] ?? '', await codecFrom(options));
    const addr = options.text('addr');
    if (addr === undefined)
      throw usageError('--addr is missing: the address at which callers reach the program');
    const problem = addressProblem(addr);
    if (problem !== undefined)
      throw usageError(`--addr is '${addr}', which cannot be registered: ${problem}`);
    if (programArgs?.[0] === undefined) throw usageError('the program is missing; write it after --');
    if (programArgs[0] === '') throw usageError('the program after -- has an empty name');
    const id = options.text('id');
    if (id === '') throw usageError('the id is empty');
    const endpoint = endpointFrom(addr, options);
    const key = target.prefix + (id ?? registrationId(addr, target.codec));
    target.format.encode(key, endpoint); // fails before the program is started
    const registration = {
      target: target.service,
      ...endpoint,
      ...ifDefined('id', id),
      ...ifDefined('codec', target.codec),
      ...ifDefined('ttlSeconds', options.integer('ttl', 1, maxTtlSeconds)),
      ...ifDefined('onConflict', options.oneOf('on-conflict', conflictPolicies)),
      ...ifDefined('onDeleted', options.oneOf('on-deleted', deletionPolicies)),
    };
    const log = (text: string) => warn(io, text);
    const supervisorOptions = {
      command: programArgs,
      env: options.flag('clean-env') ? withoutEtcdctlVariables(io.env) : io.env,
      registration,
      key,
      format: target.format,
      log,
      ...timeouts(options),
      readyAddr: readyAddr(options, addr),
    };
    const client = createClient();
    if (isCallersOwnHost(addr))
      log(`warning: ${addr} is each caller's own host; callers on other hosts cannot reach it`);
    return new Supervisor(client, supervisorOptions).run();
  },
};

function timeouts(options: ParsedOptions) {
  return {
    readyTimeoutMs: options.duration('ready-timeout') ?? 30_000,
    propagateMs: options.duration('propagate') ?? 1_000,
    stopTimeoutMs: options.duration('stop-timeout') ?? 10_000,
  };
}

/** The address to check for readiness. Undefined: no check. */
function readyAddr(options: ParsedOptions, addr: string): string | undefined {
  const given = options.text('ready-addr');
  if (options.rawText('ready-check') === 'false') {
    if (given === undefined) return undefined;
    throw usageError('--ready-addr and --no-ready-check exclude each other');
  }
  if (given === undefined) return addr;
  const parsed = parseAddress(given);
  if ('problem' in parsed)
    throw usageError(`--ready-addr is '${given}', which cannot be dialled: ${parsed.problem}`);
  if ('tcp' in parsed && !parsed.hasPort) throw usageError(`--ready-addr is '${given}'; its port is missing`);
  return given;
}
