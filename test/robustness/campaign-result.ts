import type { MutantOutcome, RunOutcome } from './runs.js';

/** What a campaign has found so far. */
export interface CampaignResult {
  readonly runs: readonly RunOutcome[];
  readonly mutants: readonly MutantOutcome[];
  /** Why runs failed, such as a member that did not start again. */
  readonly failures: readonly string[];
}

export const isCaught = ({ actual, expected }: MutantOutcome): boolean => actual === expected;

export function isViolation({ judgement, summary }: RunOutcome): boolean {
  return judgement.verdict === 'invalid' || summary.late.length > 0;
}

/** The campaign's exit code, as the help describes it. A violation outweighs everything else. */
export function exitCodeOf({ runs, mutants, failures }: CampaignResult): 0 | 1 | 2 | 3 {
  if (runs.some(isViolation) || !mutants.every(isCaught)) return 1;
  if (failures.length > 0 || runs.some(({ judgement }) => judgement.verdict === 'not-judged')) return 3;
  return runs.some(({ vacuity }) => vacuity.length > 0) ? 2 : 0;
}
