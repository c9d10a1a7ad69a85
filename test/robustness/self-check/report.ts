import type { SelfCheckResult } from './index.js';

/** A line for each history, with what was expected if it was not found. */
export function formatSelfCheck(results: readonly SelfCheckResult[]): string {
  return results
    .map(({ name, expected, found, passed }) =>
      passed ? `  ok      ${name}: ${found}` : `  WRONG   ${name}: ${found}; expected: ${expected}`,
    )
    .join('\n');
}
