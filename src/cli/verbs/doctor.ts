import { examine } from '../doctor/examine.js';
import type { Finding } from '../doctor/finding.js';
import { exit } from '../exit-codes.js';
import { print, printJson } from '../io.js';
import { readTarget } from '../target.js';
import { count } from '../text.js';
import type { Verb } from '../verb.js';

export const doctor: Verb = {
  name: 'doctor',
  takes: '<target>',
  summary: 'say why a name does not resolve',
  details: [
    'Looks at the name, the HTTP proxy variables, the copy of grpc-js that programs in this folder load, each etcd member,',
    'the records, their leases, and dials their addresses over TCP, from here. Each finding is ok, a warning, or a problem with what to do. Ends with 0 when there is no',
    'problem, 3 when no etcd is reached, 1 when etcd refuses to be read, 4 when the name does not resolve to an address',
    'that answers. It changes nothing. A program that fails with "Failed to parse DNS address" although the name resolves',
    'made its client before registerEtcdResolver(), or with another copy of grpc-js: docs/troubleshooting.md.',
  ],
  options: {},
  examples: ['etcd-naming doctor foo/bar/my-service', 'etcd-naming doctor etcd:///foo/bar/my-service --json'],
  words: [1, 1],
  async run(call) {
    const target = readTarget(call.words[0] ?? '');
    const isJson = call.options.flag('json');
    const findings: Finding[] = [];
    for await (const finding of examine(call, target)) {
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

function toDocument({ level, check, message, advice }: Finding): object {
  return { level, check, message, advice: advice ?? null };
}

function lines({ level, check, message, advice }: Finding): string[] {
  const first = `${level.padEnd(7)}  ${check.padEnd(10)}  ${message}`;
  return advice === undefined ? [first] : [first, `${' '.repeat(21)}→ ${advice}`];
}

function verdict(service: string, findings: readonly Finding[]): string {
  const of = (level: Finding['level']) => findings.filter((one) => one.level === level);
  const [first] = of('problem');
  if (first) {
    const what = first.check === 'dial' ? 'resolves, and nobody answers' : 'does not resolve';
    return `'${service}' ${what}: ${first.message}`;
  }
  const warnings = of('warning').length;
  return `'${service}' resolves${warnings > 0 ? `, with ${count(warnings, 'warning')}` : ''}`;
}
