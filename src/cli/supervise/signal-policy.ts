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

/** Decides what the command does about the signals that it receives while it runs a program. Uses no clock. */
export class SignalPolicy {
  /** Termination signals that the program has not received yet. */
  readonly #pending = new Set<NodeJS.Signals>();
  #requests = 0;
  #isForwarding = false;
  #last: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;

  /** @param now milliseconds on a monotonic clock. */
  decide(signal: NodeJS.Signals, now: number): SignalAction {
    if (jobControl.includes(signal)) return 'suspend';
    if (!terminationSignals.includes(signal)) return 'forward';
    if (this.#isSameRequest(signal, now)) return 'ignore';
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

  #isSameRequest(signal: NodeJS.Signals, now: number): boolean {
    const last = this.#last;
    if (last?.signal === signal && now - last.at < sameRequestMs) return true;
    this.#last = { signal, at: now };
    return false;
  }
}
