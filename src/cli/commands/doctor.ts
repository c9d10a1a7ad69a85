import { readPem } from '../args/bounded-file.js';
import { codecFrom, codecOptions } from '../args/codec.js';
import type { ParsedOptions } from '../args/options.js';
import { parseTargetArgument, type Target, targetToJson } from '../args/target.js';
import type { Command } from '../command.js';
import { diagnose } from '../doctor/diagnose.js';
import type { Finding } from '../doctor/finding.js';
import type { ProbeOptions } from '../doctor/probe.js';
import { Progress, printReport, printReportAsJson } from '../doctor/report.js';
import { verdictOf } from '../doctor/verdict.js';

export const doctor: Command = {
  name: 'doctor',
  usage: '<target>',
  summary: 'find out why a name does not resolve',
  details: [
    'Checks the name, the HTTP proxy variables, the copy of grpc-js that programs in this folder load, each etcd member,',
    'the records and their leases, and connects to their addresses over TCP from this host. With --tls and --health it also',
    'checks the servers’ certificates and their health. It changes nothing.',
    'It prints a verdict, the next steps, and the findings: each is ok, a warning, or a problem. The exit code is 0 without',
    'a problem, 3 if no etcd is reachable, 1 if etcd refuses the read, and 4 if the name does not resolve to an address',
    'that answers.',
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
    ...codecOptions,
  },
  examples: [
    'etcd-naming doctor foo/bar/my-service',
    'etcd-naming doctor etcd:///foo/bar/my-service --json',
    'etcd-naming doctor foo/bar/my-service --tls --server-name my-service.internal --server-cacert ca.pem --health',
  ],
  positionalCount: [1, 1],
  async run(invocation) {
    const { io, options, format } = invocation;
    const target = parseTargetArgument(invocation.positionals[0] ?? '', await codecFrom(options));
    const probeOptions = await probeOptionsFrom(options, target);
    const { service, prefix } = target;
    const findings: Finding[] = [];
    const progress = format === 'json' ? undefined : new Progress(io, service);
    try {
      for await (const finding of diagnose(invocation, target, probeOptions)) {
        findings.push(finding);
        progress?.add(finding);
      }
    } finally {
      progress?.close();
    }
    const verdict = verdictOf(service, findings);
    if (format === 'json') printReportAsJson(io, { ...targetToJson(target), prefix }, verdict, findings);
    else printReport(io, verdict, findings);
    return verdict.exitCode;
  },
};

async function probeOptionsFrom(options: ParsedOptions, { service }: Target): Promise<ProbeOptions> {
  const [name, file] = [options.text('server-name'), options.text('server-cacert')];
  const isTls = options.flag('tls') || name !== undefined || file !== undefined;
  const serverName = name ?? service.split('/').filter(Boolean).at(-1) ?? service;
  const tls = isTls
    ? { serverName, ca: file === undefined ? undefined : await readPem('server-cacert', file) }
    : undefined;
  return { tls, health: options.flag('health'), timeoutMs: 5_000 };
}
