import type { FailureCode } from '../api/index.js';

/** What to show for a failure: a sentence about its consequence, and whether looking again may help. */
export interface FailureAdvice {
  readonly text: string;
  readonly lookAgain: boolean;
}

const ambiguous: FailureAdvice = {
  text: 'The change may have been made or not. Check the record before you try again.',
  lookAgain: true,
};

const unchanged: FailureAdvice = { text: 'Nothing was changed.', lookAgain: true };

const byCode: Readonly<Record<FailureCode, FailureAdvice>> = {
  unauthorized: { text: 'Nothing was changed. The session of the page has ended.', lookAgain: false },
  forbidden: { text: 'Nothing was changed.', lookAgain: false },
  'read-only': { text: 'Nothing was changed: the page is read-only.', lookAgain: false },
  invalid: { text: 'Nothing was changed.', lookAgain: false },
  'too-large': { text: 'Nothing was changed.', lookAgain: false },
  'not-found': { text: 'Nothing was changed: the record is gone.', lookAgain: false },
  conflict: { text: 'The record is not the version that you saw.', lookAgain: true },
  refused: unchanged,
  unavailable: unchanged,
  busy: unchanged,
  ambiguous,
  unreachable: ambiguous,
  malformed: ambiguous,
};

/** The advice for a failure of an action, or of its preview, which changes nothing whatever its answer is. */
export function failureAdvice(code: FailureCode, during: 'preview' | 'action'): FailureAdvice {
  const advice = byCode[code];
  return during === 'preview' && advice === ambiguous ? unchanged : advice;
}
