import { type Clock, ExpiringCache, systemClock } from '../../internal.js';
import { messageOf } from '../errors.js';

const quietMs = 60_000;
const maxCount = 100;

/** Which defects to report: a page can cause the same one again and again, and each is reported at most once a minute. */
export class DefectReports {
  readonly #clock: Clock;
  readonly #reported: ExpiringCache<{ readonly knownAt: number }>;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#reported = new ExpiringCache(clock, { maxCount, maxAgeMs: quietMs });
  }

  /** Whether the defect has to be reported now. The caller reports it then. */
  isDue(error: unknown): boolean {
    const text = messageOf(error);
    if (this.#reported.get(text)) return false;
    this.#reported.put(text, { knownAt: this.#clock.now() });
    return true;
  }
}
