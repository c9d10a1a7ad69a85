import { usesColor } from '../output/color.js';
import { type Io, print, printJson } from '../output/io.js';
import type { Line, Style } from '../output/line.js';
import { Screen } from '../output/screen.js';
import type { Finding } from './finding.js';
import type { Verdict } from './verdict.js';

const styleOf: Readonly<Record<Finding['level'], Style>> = {
  ok: 'green',
  warning: 'yellow',
  problem: 'red',
};

/** Shows on a terminal what has been found so far, while the checks run. The report takes its place. */
export class Progress {
  readonly #screen: Screen | undefined;
  readonly #lines: Line[];

  constructor({ stdout, env }: Io, service: string) {
    this.#screen = stdout.isTTY ? new Screen(stdout, usesColor(stdout, env)) : undefined;
    this.#lines = [`checking '${service}' …`];
    this.#screen?.draw(this.#lines);
  }

  add(finding: Finding): void {
    this.#lines.push(lineOf(finding));
    this.#screen?.draw(this.#lines);
  }

  /** Erases what it shows. */
  close(): void {
    this.#screen?.clear();
  }
}

/** Prints the verdict, what to do next, and the findings. */
export function printReport({ stdout, env }: Io, verdict: Verdict, findings: readonly Finding[]): void {
  const steps = verdict.nextSteps.map(({ check, advice }, i) => {
    const label = check === undefined ? '' : `${check}: `;
    return `  ${i + 1}. ${label}${advice}`;
  });
  const lines: Line[] = [
    { text: verdict.text, style: styleOf[verdict.level] },
    ...['', 'Next steps:', ...steps],
    ...['', 'Findings:', ...findings.map(lineOf)],
  ];
  print(stdout, lines, env);
}

/** Prints the same as one document. */
export function printReportAsJson(
  { stdout }: Io,
  names: { readonly target: string; readonly codec?: string; readonly prefix: string },
  { resolves, text, nextSteps }: Verdict,
  findings: readonly Finding[],
): void {
  printJson(stdout, {
    ...names,
    resolves,
    verdict: text,
    nextSteps: nextSteps.map(({ advice }) => advice),
    findings: findings.map(({ level, check, message, advice }) => ({
      ...{ level, check, message },
      advice: advice ?? null,
    })),
  });
}

function lineOf({ level, check, message }: Finding): Line {
  return [{ text: level.padEnd(7), style: styleOf[level] }, `  ${check.padEnd(10)}  ${message}`];
}
