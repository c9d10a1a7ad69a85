import { readFile } from 'node:fs/promises';
import type { Command } from '../command.js';
import { examine } from '../doctor/examine.js';
import type { Finding } from '../doctor/finding.js';
import type { ProbeOptions } from '../doctor/probe.js';
import { exit } from '../exit-codes.js';
import { wrongUsage } from '../failure.js';
import { print, printJson } from '../io.js';
import type { Options } from '../options.js';
import { readTarget, type Target } from '../target.js';
import { count } from '../text.js';

export const doctor: Command = {
  name: 'doctor',
  takes: '<target>',
  summary: 'say why a name does not resolve',
  details: [
    'Looks at the name, the HTTP proxy variables, the copy of grpc-js that programs in this folder load, each etcd member,',
    'the records, their leases, and dials their addresses over TCP, from here; with --tls and --health also whether the',
    'servers prove their name and say that they serve.',
    'Each finding is ok, a warning, or a problem with what to do. Ends with 0 when there is no',
    'problem, 3 when no etcd is reached, 1 when etcd refuses to be read, 4 when the name does not resolve to an address',
    'that answers. It changes nothing. A program that fails with "Failed to parse DNS address" although the name resolves',
    'made its client before registerEtcdResolver(), or with another copy of grpc-js: docs/troubleshooting.md.',
  ],
  options: {
    tls: { help: 'also make a TLS handshake with each address, and verify its certificate' },
    'server-name': {
      value: 'NAME',
      help: "with --tls: the name that the certificates must have, as dial() takes it (default: the service's last part)",
    },
    'server-cacert': {
      value: 'FILE',
      help: 'with --tls: the authorities of the certificates, PEM (default: those that come with Node)',
    },
    health: {
      help: 'also ask each address for its gRPC health (grpc.health.v1), in plaintext without --tls',
    },
  },
  examples: [
    'etcd-naming doctor foo/bar/my-service',
    'etcd-naming doctor etcd:///foo/bar/my-service --json',
    'etcd-naming doctor foo/bar/my-service --tls --server-name my-service.internal --server-cacert ca.pem --health',
  ],
  words: [1, 1],
  async run(call) {
    const target = readTarget(call.words[0] ?? '');
    const probing = await probeOptions(call.options, target);
    const isJson = call.options.flag('json');
    const findings: Finding[] = [];
    for await (const finding of examine(call, target, probing)) {
      findings.push(finding);
      if (!isJson) print(call.io.stdout, lines(finding));
    }
    const problems = findings.filter(({ level }) => level === 'problem');
    const { service, prefix } = target;
    const resolves = problems.length === 0;
    if (isJson)
      printJson(call.io.stdout, { target: service, prefix, resolves, findings: findings.map(toDocument) });
    else print(call.io.stdout, ['', verdict(service, findings)]);
    return resolves ? exit.ok : (problems[0]?.exit ?? exit.unresolved);
  },
};

async function probeOptions(options: Options, { service }: Target): Promise<ProbeOptions> {
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
    throw wrongUsage(`--server-cacert: ${(error as Error).message}`);
  }
}

function toDocument({ level, check, message, advice }: Finding): object {
  return { level, check, message, advice: advice ?? null };
}

function lines({ level, check, message, advice }: Finding): string[] {
  const first = `${level.padEnd(7)}  ${check.padEnd(10)}  ${message}`;
  return advice === undefined ? [first] : [first, `${' '.repeat(21)}→ ${advice}`];
}

/** Checks that come after the name was resolved. */
const resolvedChecks: Readonly<Record<string, string>> = {
  dial: 'resolves, and no server answers',
  tls: 'resolves, and no server proves its name',
  health: 'resolves, and no server says that it serves',
};

function verdict(service: string, findings: readonly Finding[]): string {
  const of = (level: Finding['level']) => findings.filter((one) => one.level === level);
  const [first] = of('problem');
  if (first) {
    const what = resolvedChecks[first.check] ?? 'does not resolve';
    return `'${service}' ${what}: ${first.message}`;
  }
  const warnings = of('warning');
  const number = warnings.length > 0 ? `, with ${count(warnings.length, 'warning')}` : '';
  const isProxied = warnings.some(({ check }) => check === 'proxy');
  const how = isProxied ? ', here only for channels opened with dial(), because of a proxy' : '';
  return `'${service}' resolves${how}${number}`;
}
