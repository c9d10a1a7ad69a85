import type { FiguresOf } from './figures.js';
import type { ProgramEnd } from './program.js';

/** `wrong`: it found something wrong; `failed`: the campaign itself did not work. */
export type Verdict = 'ok' | 'wrong' | 'inconclusive' | 'failed' | 'skipped';

export interface Judgement {
  readonly verdict: Verdict;
  /** The main figures, or why there are none. */
  readonly figures: readonly string[];
}

/**
 * What a campaign's exit code and output mean. Node exits with code 1 after an exception too: without figures, the
 * campaign failed. A campaign that says that it was skipped has no figures either.
 */
export function judge({ code, timedOut, output }: ProgramEnd, figuresOf: FiguresOf): Judgement {
  if (timedOut) return { verdict: 'failed', figures: ['exceeded its time limit'] };
  const figures = figuresOf(output);
  const skipped = code === 0 || code === 2 ? /^skipped.*$/im.exec(output)?.[0] : undefined;
  if (figures === undefined && skipped !== undefined) return { verdict: 'skipped', figures: [skipped] };
  if (code === 2) return { verdict: 'inconclusive', figures: figures ?? [lastLine(output)] };
  if (figures === undefined)
    return { verdict: 'failed', figures: [`no result, exit code ${code ?? 'none'}`] };
  if (code === 0) return { verdict: 'ok', figures };
  return { verdict: code === 1 ? 'wrong' : 'failed', figures };
}

const exitCodes: readonly (readonly [Verdict, number])[] = [
  ['wrong', 1],
  ['failed', 3],
  ['inconclusive', 2],
];

/** The exit code of the matrix: 0 only if something ran and all that ran is as it should be. */
export function exitCodeOf(verdicts: readonly Verdict[]): number {
  for (const [verdict, code] of exitCodes) if (verdicts.includes(verdict)) return code;
  return verdicts.includes('ok') ? 0 : 2;
}

function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1) ?? '';
}
