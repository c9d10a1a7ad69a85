/** The counters of a client. The code that counts increments them directly. */
export class Counters {
  attempts = 0;
  answers = 0;
  failures = 0;
  retries = 0;
  connectionsMade = 0;
  connectionsLost = 0;
  readonly tokens = { initial: 0, expiring: 0, refused: 0, 'replaced-store': 0 };
  tokenFailures = 0;
  /** Whether the client has credentials, so that its metrics show the counters of tokens. */
  hasCredentials = false;
  readonly resumes = { 'stream-lost': 0, 'buffer-full': 0, cancelled: 0 };
  compactions = 0;
  activeMirrors = 0;
  readonly resyncs = { compacted: 0, 'rolled-back': 0, gap: 0 };
  readonly leasesEnded = { expired: 0, 'lost-contact': 0, unauthorized: 0, revoked: 0, closed: 0 };
  readonly records = { stored: 0, storedAgain: 0 };
  readonly locks = { held: 0, waiting: 0, acquired: 0, lost: 0 };
  readonly elections = { held: 0, waiting: 0, acquired: 0, lost: 0 };
}
