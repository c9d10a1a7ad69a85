// Which Prometheus metrics the members of `client.metrics()` become. They are those of OpenTelemetry, with its names.
import type { ClientMetrics } from '@org/etcd-naming';

export type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [value: number, labels: Labels];

export interface Metric {
  /** Without `etcd_naming_`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** The samples of one client; the names of labels are without `etcd_naming_`. */
  readonly samplesOf: (metrics: ClientMetrics) => readonly Sample[];
}

/** A value without labels, undefined if the client has none; or samples. */
type Read = (metrics: ClientMetrics) => number | undefined | readonly Sample[];

const metric = (type: Metric['type'], name: string, help: string, read: Read): Metric => ({
  name: type === 'counter' ? `${name}_total` : name,
  type,
  help,
  samplesOf: (metrics) => {
    const value = read(metrics) ?? [];
    return typeof value === 'number' ? [[value, {}]] : value;
  },
});
const counter = (name: string, help: string, read: Read) => metric('counter', name, help, read);
const gauge = (name: string, help: string, read: Read) => metric('gauge', name, help, read);

/** A sample for each entry, whose name is the value of a label. */
const by = (label: string, values: Readonly<Record<string, number>>, labels: Labels = {}) =>
  Object.entries(values).map(([name, value]): Sample => [value, { ...labels, [label]: name }]);

const serviceLabels = ({ target, codec }: { readonly target: string; readonly codec?: string }): Labels =>
  codec === undefined ? { target } : { target, codec };

// Prometheus sees no increase in a counter whose first value is 1: what may be counted begins with 0.
const leaseEnds = { expired: 0, 'lost-contact': 0, unauthorized: 0, revoked: 0, closed: 0 };

const registrationStates = ['registering', 'registered', 'outdated', 'waiting', 'draining'] as const;

function registrationsByState({ registrations }: ClientMetrics): readonly Sample[] {
  return registrationStates.map((state) => [
    registrations.filter((r) => r.state === state).length,
    { state },
  ]);
}

export const table: readonly Metric[] = [
  counter('call_attempts', 'Attempts that were sent to etcd', (m) => m.calls.attempts),
  counter('call_answers', 'Attempts that were answered with a result', (m) => m.calls.answers),
  counter('call_failures', 'Attempts that failed', (m) => m.calls.failures),
  counter('call_retries', 'Attempts that followed a failed one of the same call', (m) => m.calls.retries),
  gauge('call_retries_waiting', 'Calls that wait for a retry', ({ retries: { localReads, reads, writes } }) =>
    by('kind', { 'local-read': localReads, read: reads, write: writes }),
  ),
  gauge('member_healthy', 'Whether calls may use the member', (m) =>
    m.members.map(({ endpoint, healthy }) => [Number(healthy), { member_endpoint: endpoint }]),
  ),
  gauge('member_connected', 'Whether the client is connected to the member', (m) =>
    m.members.map(({ endpoint, connected }) => [Number(connected), { member_endpoint: endpoint }]),
  ),
  counter('connections_made', 'Connections that were made', (m) => m.connections.made),
  counter('connections_lost', 'Connections that were lost', (m) => m.connections.lost),
  counter('token_renewals', 'Tokens that were obtained', (m) => by('cause', m.token?.renewals ?? {})),
  counter('token_failures', 'Requests for a token that failed', (m) => m.token?.failures),
  gauge('watch_watchers', 'Open watchers', (m) => m.watch.watchers),
  gauge('watch_live', 'Watchers that are live', (m) => m.watch.live),
  gauge('watch_streams', 'Open watch streams', (m) => m.watch.streams),
  gauge('watch_paused', 'Watchers whose buffer is full', (m) => m.watch.paused),
  gauge('watch_lag_seconds', 'How long a watcher has not been live', (m) => m.watch.lagMs / 1_000),
  gauge('watch_buffered_events', 'Events that wait for slow readers', (m) => m.watch.bufferedEvents),
  gauge('watch_buffered_size_bytes', 'Size of these events', (m) => m.watch.bufferedBytes),
  counter('watch_resumes', 'Watchers that became live again', (m) => by('cause', m.watch.resumes)),
  counter('watch_compactions', 'Watchers that ended by a compaction', (m) => m.watch.compactions),
  gauge('mirror_active', 'Mirrors that are iterated', (m) => m.mirrors.active),
  counter('mirror_resyncs', 'Lists of mirrors after their first', (m) => by('cause', m.mirrors.resyncs)),
  gauge('lease_held', 'Leases that are kept alive', (m) => m.leases.held),
  gauge('lease_margin_seconds', 'Time until the first lease expires without a renewal', (m) =>
    m.leases.minMarginMs === undefined ? undefined : m.leases.minMarginMs / 1_000,
  ),
  counter('lease_ended', 'Leases that ended', (m) => by('reason', { ...leaseEnds, ...m.leases.ended })),
  gauge('lock_held', 'Locks that are held', (m) => m.locks.held),
  gauge('lock_waiting', 'Calls that wait for a lock', (m) => m.locks.waiting),
  counter('lock_acquired', 'Locks that were acquired', (m) => m.locks.acquired),
  counter('lock_lost', 'Locks that were lost', (m) => m.locks.lost),
  gauge('election_held', 'Terms that are held', (m) => m.elections.held),
  gauge('election_waiting', 'Candidates that wait', (m) => m.elections.waiting),
  counter('election_acquired', 'Elections that were won', (m) => m.elections.acquired),
  counter('election_lost', 'Terms that were lost', (m) => m.elections.lost),
  gauge('registrations', 'Registrations by state', registrationsByState),
  counter('registration_stored', 'How often a record was stored, at first or again', (m) => m.records.stored),
  gauge('directory_age_seconds', 'Time for which the view may have been out of date', (m) =>
    m.services.map((s) => [s.ageMs / 1_000, serviceLabels(s)]),
  ),
  gauge('directory_followed', 'Whether a directory follows the service', (m) =>
    m.services.map((s) => [1, serviceLabels(s)]),
  ),
  gauge('directory_endpoints', 'Visible endpoints by state', (m) =>
    m.services.flatMap((s) => by('state', { ...s.endpoints }, serviceLabels(s))),
  ),
  gauge('directory_invalid_keys', 'Keys whose value is not an endpoint', (m) =>
    m.services.map((s) => [s.invalid, serviceLabels(s)]),
  ),
  gauge('directory_loss_protection', 'Whether endpoints stay visible that the store lost', (m) =>
    m.services.map((s) => [Number(s.lossProtection), serviceLabels(s)]),
  ),
  counter('directory_departures', 'Endpoints that departed', (m) =>
    m.services.flatMap((s) => by('reason', s.departures, serviceLabels(s))),
  ),
  gauge('resolver_channels', 'Open channels', (m) => m.resolvers.map((s) => [s.channels, serviceLabels(s)])),
  counter('resolver_updates', 'Lists and failures that were given to grpc-js', (m) =>
    m.resolvers.map((s) => [s.updates, serviceLabels(s)]),
  ),
  counter('balancer_picks', 'Calls by endpoint', (m) =>
    m.resolvers.flatMap((s) => by('endpoint', s.picks, serviceLabels(s))),
  ),
];
