import { shorten } from '../text.js';

/** One step of the doctor's, and what came of it. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem';
  /** What was looked at, in a word. */
  readonly check: string;
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string | undefined;
  /** For a problem: the exit code it means. Default: the name does not resolve. */
  readonly exit?: number;
}

export const ok = (check: string, message: string): Finding => ({ level: 'ok', check, message });

export const warning = (check: string, message: string, advice?: string): Finding => ({
  level: 'warning',
  check,
  message,
  advice,
});

export const problem = (check: string, message: string, advice?: string, exit?: number): Finding => ({
  level: 'problem',
  check,
  message,
  advice,
  ...(exit === undefined ? {} : { exit }),
});

/** `a, b, c and 7 more`; each cut where it is long. */
export function some(items: readonly string[], most = 5): string {
  const shown = items.slice(0, most).map(shorten).join(', ');
  return items.length > most ? `${shown} and ${items.length - most} more` : shown;
}
