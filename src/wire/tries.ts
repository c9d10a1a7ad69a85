import { DeadlineError, type EtcdError, type TriedMember } from '../errors/index.js';

/** What one call met on its way, for the error that has to tell all of it. */
export class Tries {
  readonly #members = new Map<string, { answer: string; times: number }>();
  #maybeApplied = false;
  #last: EtcdError | undefined;

  add(member: string, error: EtcdError): void {
    this.#note({ member, answer: error.message, times: 1 });
    this.#maybeApplied ||= error.verdict === 'maybe-applied';
    this.#last = error;
  }

  /** The deadline has passed, the last trouble (where there was one more) having been told by `cause`. */
  late(operation: string, cause?: DeadlineError): DeadlineError {
    for (const tried of cause?.tried ?? []) this.#note(tried);
    const tried = [...this.#members].map(([member, { answer, times }]) => ({ member, answer, times }));
    return new DeadlineError(`${operation} was not answered in time: ${describe(tried)}`, {
      verdict: this.#maybeApplied ? 'maybe-applied' : 'not-applied',
      tried,
      cause: this.#last ?? cause,
    });
  }

  #note({ member, answer, times }: TriedMember): void {
    const before = this.#members.get(member);
    this.#members.set(member, { answer, times: times + (before?.times ?? 0) });
  }
}

/** In words, for messages. */
export function describe(tried: readonly TriedMember[]): string {
  return tried.map(inWords).join('; ') || 'no member was asked';
}

function inWords({ member, answer, times }: TriedMember): string {
  const often = times > 1 ? ` (${times} times)` : '';
  return answer.includes(member) ? `${answer}${often}` : `member ${member}${often}: ${answer}`;
}
