import type { OnConflict } from '../../index.js';
import { addressProblem, parseAddress } from '../../internal.js';
import { leadsToCaller } from '../address.js';
import type { Command } from '../command.js';
import { wrongUsage } from '../failure.js';
import { type Environment, warn } from '../io.js';
import type { Options } from '../options.js';
import { Supervisor } from '../running/supervise.js';
import { readTarget } from '../target.js';
import { endpointOf, maxTtlSeconds } from './add.js';

const conflicts: readonly OnConflict[] = ['wait', 'fail', 'takeover'];

export const register: Command = {
  name: 'register',
  takes: '<target> --addr HOST:PORT -- <command>',
  summary: 'run a program, and keep it registered while it runs',
  details: [
    'The record is stored once the program’s port accepts connections, comes back after whatever takes it (docs/registration.md),',
    'and is deleted when the program ends; its exit code, or the signal that ended it, is passed on. On SIGTERM, SIGINT or',
    'SIGHUP the record is first marked as draining, then deleted, and only then the program gets the signal; a second one',
    'skips the waiting, a third kills. Every other signal that can be caught is passed on at once (docs/command.md). The',
    'program leads a process group of its own and signals go to all of it. While etcd is away the program runs on, and is',
    'registered when etcd is back. Nothing is run while something else accepts connections at the program’s address.',
  ],
  options: {
    addr: { value: 'HOST:PORT', help: 'where callers reach it' },
    id: { value: 'ID', help: 'the last part of the key (default: the address, a slash in it as %2F)' },
    ttl: { value: 'S', help: 'seconds until the record is gone if this process dies (default 10)' },
    weight: { value: 'N', help: 'its share of the calls, in its metadata' },
    zone: { value: 'ZONE', help: 'where it runs, in its metadata' },
    metadata: { value: 'JSON', help: 'its metadata; weight and zone are added to it' },
    'ready-addr': { value: 'HOST:PORT', help: 'where to ask whether it is ready (default: --addr)' },
    'ready-check': {
      help: 'on unless --no-ready-check: register as soon as the program runs, answer or not',
    },
    'ready-timeout': { value: 'DURATION', help: 'for that, else the program is ended (default 30s)' },
    propagate: {
      value: 'DURATION',
      help: 'for callers to notice the mark, and again the delete (default 1s)',
    },
    'stop-timeout': { value: 'DURATION', help: 'for the program to end, before SIGKILL (default 10s)' },
    'clean-env': { help: 'keep ETCDCTL_* from the program, which inherits them otherwise' },
    'on-conflict': {
      value: conflicts.join('|'),
      help: 'about another’s record under the key (default wait)',
    },
    'on-deleted': { value: 'restore|stop', help: 'when somebody deletes the record (default restore)' },
  },
  examples: [
    'etcd-naming register foo/bar/my-service --addr 10.0.0.7:50051 -- node server.js',
    'etcd-naming register foo/bar/my-service --addr "$POD_IP:50051" --ready-addr 127.0.0.1:50051 --zone eu-1a -- ./server',
  ],
  words: [1, 1],
  program: true,
  async run({ words, options, program, io, connect }) {
    const target = readTarget(words[0] ?? '');
    const addr = options.text('addr');
    if (addr === undefined) throw wrongUsage('--addr is missing: where callers reach the program');
    const unfit = addressProblem(addr);
    if (unfit !== undefined) throw wrongUsage(`--addr is '${addr}', which cannot be registered: ${unfit}`);
    if (program[0] === undefined) throw wrongUsage('there is no program: it follows after --');
    if (program[0] === '') throw wrongUsage('the program behind -- has an empty name');
    const id = options.text('id');
    if (id === '') throw wrongUsage('the id is empty');
    const registration = {
      target: target.service,
      ...endpointOf(addr, options),
      ...(id === undefined ? {} : { id }),
      ...given('ttlSeconds', options.wholeNumber('ttl', 1, maxTtlSeconds)),
      ...given('onConflict', options.oneOf('on-conflict', conflicts)),
      ...given('onDeleted', options.oneOf('on-deleted', ['restore', 'stop'] as const)),
    };
    const say = (text: string) => warn(io, text);
    const settings = {
      command: program,
      env: options.flag('clean-env') ? withoutEtcd(io.env) : io.env,
      registration,
      say,
      ...times(options),
      readyAddr: readyAddr(options, addr),
    };
    const client = connect();
    if (leadsToCaller(addr)) say(`warning: ${addr} means each caller's own host; others will not reach it`);
    return new Supervisor(client, settings).run();
  },
};

/** Without etcdctl's variables: where etcd is, and the user's password. */
function withoutEtcd(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^ETCDCTL_/i.test(name)));
}

function times(options: Options) {
  return {
    readyTimeoutMs: options.duration('ready-timeout') ?? 30_000,
    propagateMs: options.duration('propagate') ?? 1_000,
    stopTimeoutMs: options.duration('stop-timeout') ?? 10_000,
  };
}

function readyAddr(options: Options, addr: string): string | undefined {
  const given = options.text('ready-addr');
  if (options.given('ready-check') === 'false') {
    if (given === undefined) return undefined;
    throw wrongUsage('--ready-addr names the address to ask, and --no-ready-check asks none');
  }
  if (given === undefined) return addr;
  const parsed = parseAddress(given);
  if ('problem' in parsed)
    throw wrongUsage(`--ready-addr is '${given}', which cannot be dialled: ${parsed.problem}`);
  return given;
}

function given<Name extends string, T>(name: Name, value: T | undefined): { [K in Name]?: T } {
  const result: { [K in Name]?: T } = {};
  if (value !== undefined) result[name] = value;
  return result;
}
