import { DeadlineError, EtcdError, type TriedMember } from '../../errors/index.js';

/** The failed attempts of one call, for its final error. */
export class AttemptLog {
  readonly #members = new Map<string, { answer: string; attempts: number }>();
  #ambiguousMember: string | undefined;
  #last: EtcdError | undefined;

  add(member: string, error: EtcdError): void {
    const previous = this.#members.get(member);
    // A timeout explains less than the error before it.
    const answer = previous && error instanceof DeadlineError ? previous.answer : memberAnswer(error);
    this.#members.set(member, { answer, attempts: 1 + (previous?.attempts ?? 0) });
    if (error.verdict === 'maybe-applied') this.#ambiguousMember = member;
    this.#last = error;
  }

  /** The last member that may have applied the request. */
  get ambiguousMember(): string | undefined {
    return this.#ambiguousMember;
  }

  /** Whether an attempt may have been applied, whatever the answers to later attempts. */
  get maybeApplied(): boolean {
    return this.#ambiguousMember !== undefined;
  }

  /** The error for a deadline that has passed. */
  toDeadlineError(operation: string): DeadlineError {
    const tried = [...this.#members].map(([member, { answer, attempts }]) => ({ member, answer, attempts }));
    return new DeadlineError(`${operation} was not answered in time: ${describeTried(tried)}`, {
      verdict: this.maybeApplied ? 'maybe-applied' : 'not-applied',
      tried,
      cause: this.#last,
    });
  }
}

/**
 * The answer of a member, for the error of the whole call. An attempt that was sent and timed out is described by its
 * cause, because the call's own text says already that the request was not answered in time.
 */
function memberAnswer(error: EtcdError): string {
  const { cause } = error;
  const timedOut = error instanceof DeadlineError && error.verdict === 'maybe-applied';
  return timedOut && cause instanceof EtcdError ? cause.message : error.message;
}

/** Lists the members and their answers, for error messages. */
export function describeTried(tried: readonly TriedMember[]): string {
  return tried.map(describeOne).join('; ') || 'no member was tried';
}

function describeOne({ member, answer, attempts }: TriedMember): string {
  const count = attempts > 1 ? ` (${attempts} times)` : '';
  return answer.includes(member) ? `${answer}${count}` : `member ${member}${count}: ${answer}`;
}
