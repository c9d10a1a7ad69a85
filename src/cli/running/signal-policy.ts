import { endSignals } from '../signals.js';

/**
 * What to do about a signal:
 * - `end`: withdraw the record, then pass the signal on;
 * - `hurry`: as `end`, without waiting for callers;
 * - `forward`: pass it on now;
 * - `suspend`: stop the program and the command, as a shell's job control asks for;
 * - `kill`: end the program at once;
 * - `ignore`: nothing, or nothing yet.
 */
export type SignalAction = 'end' | 'hurry' | 'forward' | 'suspend' | 'kill' | 'ignore';

const jobControl: readonly NodeJS.Signals[] = ['SIGTSTP', 'SIGTTIN', 'SIGTTOU'];

/** Ctrl-C below `npm run` comes twice, from the terminal and from npm; people need longer for a second one. */
const sameRequestMs = 250;

/** Decides about the signals that the command receives while it runs a program. Knows no clock. */
export class SignalPolicy {
  /** By which an end was asked for, and which the program has not received yet. */
  readonly #pending = new Set<NodeJS.Signals>();
  #requests = 0;
  #hasPassedOn = false;
  #last: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;

  /** @param now in milliseconds, on a monotonic clock. */
  decide(signal: NodeJS.Signals, now: number): SignalAction {
    if (jobControl.includes(signal)) return 'suspend';
    if (!endSignals.includes(signal)) return 'forward';
    if (this.#isSameRequest(signal, now)) return 'ignore';
    // A terminal that closes sends one after another, and systemd one behind SIGTERM: neither insists.
    const insists = signal !== 'SIGHUP' || this.#requests === 0;
    if (insists) this.#requests++;
    if (insists && this.#requests > 2) return 'kill';
    if (this.#hasPassedOn) return 'forward';
    this.#pending.add(signal);
    if (!insists) return 'ignore';
    return this.#requests === 1 ? 'end' : 'hurry';
  }

  /** What the program is to receive now that its record is withdrawn; from here on each signal is passed on at once. */
  passOn(): readonly NodeJS.Signals[] {
    this.#hasPassedOn = true;
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
