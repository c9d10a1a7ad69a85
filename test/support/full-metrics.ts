import type { ClientMetrics } from '#src/diagnostics/index.js';

const counts = { attempts: 1, answers: 2, failures: 3, retries: 4 };
const ownership = { held: 1, waiting: 2, acquired: 3, lost: 4 };

/** The metrics of a client of which each part has something to report. */
export const fullMetrics: ClientMetrics = {
  client: 'one',
  calls: counts,
  retries: { localReads: 1, reads: 2, writes: 3 },
  members: [{ endpoint: 'm0:2379', healthy: true, connected: false, preferred: true }],
  connections: { made: 5, lost: 6 },
  token: { renewals: { initial: 1, expiring: 2, refused: 3, 'replaced-store': 4 }, failures: 5 },
  watch: {
    watchers: 1,
    live: 2,
    streams: 3,
    lagMs: 4_500,
    resumes: { 'stream-lost': 5, 'buffer-full': 6, cancelled: 7 },
    compactions: 8,
    bufferedEvents: 9,
    bufferedBytes: 10,
    paused: 11,
  },
  mirrors: { active: 1, resyncs: { compacted: 2, 'rolled-back': 3, gap: 4 } },
  leases: {
    held: 1,
    minMarginMs: 2_500,
    ended: { expired: 3, 'lost-contact': 3, unauthorized: 3, revoked: 3, closed: 3 },
  },
  locks: ownership,
  elections: ownership,
  services: [
    {
      target: 's',
      codec: 'kratos',
      state: 'known',
      source: 'live',
      ageMs: 1_500,
      endpoints: { serving: 1, draining: 2, unconfirmed: 3 },
      invalid: 4,
      lossProtection: true,
      departures: { drained: 0, 'store-replaced': 0, invalid: 0, deleted: 5, 'lease-ended': 0, unknown: 0 },
    },
  ],
  registrations: [{ key: 'svc/1', state: 'registered', registrations: 1 }],
  records: { stored: 2, storedAgain: 1 },
  resolvers: [{ target: 's', codec: 'kratos', channels: 1, updates: 2, picks: { 'a:1': 3 } }],
};
