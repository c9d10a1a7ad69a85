import type { MutantOutcome, RunOutcome } from './runs.js';

/** What a campaign has found so far. */
export interface CampaignResult {
  readonly runs: readonly RunOutcome[];
  readonly mutants: readonly MutantOutcome[];
}

export const isCaught = ({ actual, expected }: MutantOutcome): boolean => actual === expected;

export function isViolation({ judgement, summary }: RunOutcome): boolean {
  return judgement.verdict === 'invalid' || summary.late.length > 0;
}

/** The campaign's exit code, as the help describes it. A violation outweighs everything else. */
export function exitCodeOf({ runs, mutants }: CampaignResult): 0 | 1 | 2 | 3 {
  if (runs.some(isViolation) || !mutants.every(isCaught)) return 1;
  if (runs.some(({ judgement }) => judgement.verdict === 'not-judged')) return 3;
  return runs.some(({ vacuity }) => vacuity.length > 0) ? 2 : 0;
}
