import { terminationSignals } from '../signals.js';

/**
 * What the command does about a signal:
 * - `drain`: withdraw the record, then forward the signal;
 * - `skip-drain`: the same without waiting for callers;
 * - `forward`: forward the signal immediately;
 * - `suspend`: stop the program and the command, as a shell's job control requires;
 * - `kill`: kill the program;
 * - `ignore`: do nothing; a pending signal is forwarded later.
 */
export type SignalAction = 'drain' | 'skip-drain' | 'forward' | 'suspend' | 'kill' | 'ignore';

const jobControl: readonly NodeJS.Signals[] = ['SIGTSTP', 'SIGTTIN', 'SIGTTOU'];

/** Ctrl-C under `npm run` arrives twice: from the terminal and from npm. A user needs longer for a second one. */
const sameRequestMs = 250;

/** Recognises a signal that one request sends twice. */
class RepeatFilter {
  #last: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;

  isRepeated(signal: NodeJS.Signals, now: number): boolean {
    const last = this.#last;
    if (last?.signal === signal && now - last.at < sameRequestMs) return true;
    this.#last = { signal, at: now };
    return false;
  }
}

/**
 * Decides about a signal to a command whose program needs no drain: it receives every signal. Uses no clock.
 * @param now milliseconds on a monotonic clock.
 */
export function createForwardPolicy(): (
  signal: NodeJS.Signals,
  now: number,
) => Extract<SignalAction, 'forward' | 'suspend' | 'ignore'> {
  const requests = new RepeatFilter();
  return (signal, now) => {
    if (jobControl.includes(signal)) return 'suspend';
    const isRepeated = terminationSignals.includes(signal) && requests.isRepeated(signal, now);
    return isRepeated ? 'ignore' : 'forward';
  };
}

/** Decides about the signals to a command whose record is withdrawn before its program ends. Uses no clock. */
export class SignalPolicy {
  /** Termination signals that the program has not received yet. */
  readonly #pending = new Set<NodeJS.Signals>();
  #requests = 0;
  #isForwarding = false;
  readonly #repeats = new RepeatFilter();

  /** @param now milliseconds on a monotonic clock. */
  decide(signal: NodeJS.Signals, now: number): SignalAction {
    if (jobControl.includes(signal)) return 'suspend';
    if (!terminationSignals.includes(signal)) return 'forward';
    if (this.#repeats.isRepeated(signal, now)) return 'ignore';
    // A later SIGHUP is not a new request: a closing terminal sends several, and systemd sends one after SIGTERM.
    const isNewRequest = signal !== 'SIGHUP' || this.#requests === 0;
    if (isNewRequest) this.#requests++;
    if (isNewRequest && this.#requests > 2) return 'kill';
    if (this.#isForwarding) return 'forward';
    this.#pending.add(signal);
    if (!isNewRequest) return 'ignore';
    return this.#requests === 1 ? 'drain' : 'skip-drain';
  }

  /**
   * Called when the record is withdrawn: from now on `decide()` forwards each signal immediately.
   * @returns the pending signals, to forward now.
   */
  startForwarding(): readonly NodeJS.Signals[] {
    this.#isForwarding = true;
    const signals = [...this.#pending];
    this.#pending.clear();
    return signals;
  }
}
