import { readFile } from 'node:fs/promises';
import type { ParsedOptions } from '../args/options.js';
import { parseTargetArgument, type Target } from '../args/target.js';
import type { Command } from '../command.js';
import { diagnose } from '../doctor/diagnose.js';
import type { Finding } from '../doctor/finding.js';
import type { ProbeOptions } from '../doctor/probe.js';
import { usageError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { print, printJson } from '../output/io.js';
import { pluralize } from '../output/text.js';

export const doctor: Command = {
  name: 'doctor',
  usage: '<target>',
  summary: 'find out why a name does not resolve',
  details: [
    'Checks the name, the HTTP proxy variables, the copy of grpc-js that programs in this folder load, each etcd member,',
    'the records and their leases, and connects to their addresses over TCP from this host. With --tls and --health it also',
    'checks the servers’ certificates and their health. It changes nothing.',
    'Each finding is ok, a warning, or a problem with advice. The exit code is 0 without a problem, 3 if no etcd is',
    'reachable, 1 if etcd refuses the read, and 4 if the name does not resolve to an address that answers. If the name',
    'resolves and a program still fails with "Failed to parse DNS address", it created its client before it called',
    'registerEtcdResolver(), or with another copy of grpc-js: docs/troubleshooting.md.',
  ],
  options: {
    tls: { help: 'also make a TLS handshake with each address and verify its certificate' },
    'server-name': {
      value: 'NAME',
      help: 'with --tls: name in the certificates, as channelTarget() takes it (default: the last part of the service)',
    },
    'server-cacert': {
      value: 'FILE',
      help: 'with --tls: PEM file of the authorities that issued the certificates (default: those of Node)',
    },
    health: {
      help: 'also query the gRPC health service (grpc.health.v1) of each address, in plaintext without --tls',
    },
  },
  examples: [
    'etcd-naming doctor foo/bar/my-service',
    'etcd-naming doctor etcd:///foo/bar/my-service --json',
    'etcd-naming doctor foo/bar/my-service --tls --server-name my-service.internal --server-cacert ca.pem --health',
  ],
  positionalCount: [1, 1],
  async run(invocation) {
    const { io, options } = invocation;
    const target = parseTargetArgument(invocation.positionals[0] ?? '');
    const probeOptions = await probeOptionsFrom(options, target);
    const isJson = options.flag('json');
    const findings: Finding[] = [];
    for await (const finding of diagnose(invocation, target, probeOptions)) {
      findings.push(finding);
      if (!isJson) print(io.stdout, linesOf(finding));
    }
    const problems = findings.filter(({ level }) => level === 'problem');
    const { service, prefix } = target;
    const resolves = problems.length === 0;
    if (isJson)
      printJson(io.stdout, { target: service, prefix, resolves, findings: findings.map(toDocument) });
    else print(io.stdout, ['', conclusion(service, findings)]);
    return resolves ? exitCodes.ok : (problems[0]?.exit ?? exitCodes.unresolved);
  },
};

async function probeOptionsFrom(options: ParsedOptions, { service }: Target): Promise<ProbeOptions> {
  const [name, file] = [options.text('server-name'), options.text('server-cacert')];
  const isTls = options.flag('tls') || name !== undefined || file !== undefined;
  const serverName = name ?? service.split('/').filter(Boolean).at(-1) ?? service;
  const tls = isTls ? { serverName, ca: file === undefined ? undefined : await readCa(file) } : undefined;
  return { tls, health: options.flag('health'), timeoutMs: 5_000 };
}

async function readCa(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw usageError(`--server-cacert: ${(error as Error).message}`);
  }
}

function toDocument({ level, check, message, advice }: Finding): object {
  return { level, check, message, advice: advice ?? null };
}

function linesOf({ level, check, message, advice }: Finding): string[] {
  const first = `${level.padEnd(7)}  ${check.padEnd(10)}  ${message}`;
  return advice === undefined ? [first] : [first, `${' '.repeat(21)}→ ${advice}`];
}

/** The conclusion for a problem in a check that runs after the name was resolved. */
const conclusionOf: Readonly<Record<string, string>> = {
  dial: 'resolves, but no server answers',
  tls: 'resolves, but no server has a valid certificate',
  health: 'resolves, but no server reports SERVING',
};

function conclusion(service: string, findings: readonly Finding[]): string {
  const ofLevel = (level: Finding['level']) => findings.filter((finding) => finding.level === level);
  const [first] = ofLevel('problem');
  if (first) return `'${service}' ${conclusionOf[first.check] ?? 'does not resolve'}: ${first.message}`;
  const warnings = ofLevel('warning');
  const count = warnings.length > 0 ? `, with ${pluralize(warnings.length, 'warning')}` : '';
  const isProxied = warnings.some(({ check }) => check === 'proxy');
  const restriction = isProxied
    ? ', but only for channels made with channelTarget(), because of a proxy'
    : '';
  return `'${service}' resolves${restriction}${count}`;
}
