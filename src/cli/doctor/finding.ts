/** The result of one check of the doctor. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem';
  /** The name of the check, such as `records`. */
  readonly check: string;
  readonly message: string;
  /** How to fix it. */
  readonly advice?: string | undefined;
  /** For a problem: the exit code of the command. Default: that of a name that does not resolve. */
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
