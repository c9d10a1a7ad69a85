import { exitCodes } from '../exit-codes.js';
import { pluralize } from '../output/text.js';
import type { Finding } from './finding.js';

/** What the findings mean for the name as a whole. */
export interface Verdict {
  readonly resolves: boolean;
  /** The worst level of the findings. */
  readonly level: Finding['level'];
  readonly text: string;
  /** What to do, in this order: the advice of the problems, then of the warnings. */
  readonly nextSteps: readonly NextStep[];
  readonly exitCode: number;
}

export interface NextStep {
  /** The name of the check whose finding it belongs to; undefined if it belongs to none. */
  readonly check: string | undefined;
  readonly advice: string;
}

/** The verdict for a problem in a check that runs after the name was resolved. */
const verdictOn: Readonly<Record<string, string>> = {
  dial: 'resolves, but no server answers',
  tls: 'resolves, but no server has a valid certificate',
  health: 'resolves, but no server reports SERVING',
};

/** The cause that no check can see. */
const unseenCause =
  'if a program still fails with "Failed to parse DNS address", it made its channel before registerEtcdResolver(), or with another copy of grpc-js: docs/troubleshooting.md';

export function verdictOf(service: string, findings: readonly Finding[]): Verdict {
  const problems = findings.filter(({ level }) => level === 'problem');
  const warnings = findings.filter(({ level }) => level === 'warning');
  const steps = nextSteps([...problems, ...warnings]);
  const [first] = problems;
  if (first)
    return {
      resolves: false,
      level: 'problem',
      text: `'${service}' ${verdictOn[first.check] ?? 'does not resolve'}: ${first.message}`,
      nextSteps: steps,
      exitCode: first.exit ?? exitCodes.unresolved,
    };
  const count = warnings.length > 0 ? `, with ${pluralize(warnings.length, 'warning')}` : '';
  return {
    resolves: true,
    level: warnings.length > 0 ? 'warning' : 'ok',
    text: `'${service}' resolves${restriction(warnings)}${count}`,
    nextSteps: [...steps, { check: undefined, advice: unseenCause }],
    exitCode: exitCodes.ok,
  };
}

function restriction(warnings: readonly Finding[]): string {
  const isProxied = warnings.some(({ check }) => check === 'proxy');
  return isProxied ? ', but only for channels made with channelTarget(), because of a proxy' : '';
}

/** Several findings may have the same advice, for example those of members. */
function nextSteps(findings: readonly Finding[]): NextStep[] {
  const steps = new Map<string, NextStep>();
  for (const { check, advice } of findings)
    if (advice !== undefined && !steps.has(advice)) steps.set(advice, { check, advice });
  return [...steps.values()];
}
