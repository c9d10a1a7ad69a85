import type { Attributes } from '@opentelemetry/api';
import type { ClientMetrics, OwnershipMetrics, ServiceMetrics } from '../index.js';

/** A value of an instrument, with the attributes besides the client's name. */
export interface Observation {
  readonly value: number;
  readonly attributes?: Attributes;
}

/** One metric that is read from the metrics of each client. */
export interface InstrumentDefinition {
  /** Without `etcd_naming.`. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly unit: string;
  readonly description: string;
  readonly read: (metrics: ClientMetrics) => Iterable<Observation>;
  /**
   * Of a gauge: the value, once, of a series that has ended. 0 where it means nothing or none; NaN would not do, because
   * OTLP as JSON has no form for it.
   */
  readonly gone: number;
}

/** The values of one client, with all attributes. */
export function* readSeries(
  { read }: InstrumentDefinition,
  metrics: ClientMetrics,
): Iterable<Required<Observation>> {
  const client = { 'etcd_naming.client': metrics.client };
  for (const { value, attributes } of read(metrics))
    yield { value, attributes: { ...attributes, ...client } };
}

type Read<T> = (metrics: ClientMetrics) => T;

/** All metrics that are collected; `rpc.client.call.duration` is recorded instead. */
export const instruments: readonly InstrumentDefinition[] = [
  counter(
    'call.attempts',
    '{attempt}',
    'Attempts that were sent.',
    one(({ calls }) => calls.attempts),
  ),
  counter(
    'call.answers',
    '{attempt}',
    'Attempts with a result.',
    one(({ calls }) => calls.answers),
  ),
  counter(
    'call.failures',
    '{attempt}',
    'Attempts that failed.',
    one(({ calls }) => calls.failures),
  ),
  counter(
    'call.retries',
    '{attempt}',
    'Attempts that followed a failed attempt of the same call.',
    one(({ calls }) => calls.retries),
  ),
  gauge(
    'call.retries_waiting',
    '{call}',
    'Calls that wait for the retry budget.',
    ({ retries: { localReads, reads, writes } }) =>
      byName('etcd_naming.kind', { 'local-read': localReads, read: reads, write: writes }),
  ),
  gauge(
    'member.healthy',
    '{state}',
    '1 for a member that the client uses, 0 for an ejected one, -1 for one that is no longer in its list.',
    ({ members }) => members.map(({ endpoint, healthy }) => ofMember(endpoint, healthy)),
    -1, // 0 would be a false alarm
  ),
  gauge('member.connected', '{state}', '1 for a member with a connection, else 0.', ({ members }) =>
    members.map(({ endpoint, connected }) => ofMember(endpoint, connected)),
  ),
  counter(
    'connections.made',
    '{connection}',
    'Connections to members.',
    one((m) => m.connections.made),
  ),
  counter(
    'connections.lost',
    '{connection}',
    'Connections that were lost.',
    one((m) => m.connections.lost),
  ),
  counter('token.renewals', '{token}', 'Tokens that were obtained, by the cause.', ({ token }) =>
    token ? byName('etcd_naming.cause', token.renewals) : [],
  ),
  counter('token.failures', '{request}', 'Requests for a token that failed.', ({ token }) =>
    token ? [{ value: token.failures }] : [],
  ),
  gauge(
    'watch.watchers',
    '{watcher}',
    'Open watchers.',
    one(({ watch }) => watch.watchers),
  ),
  gauge(
    'watch.live',
    '{watcher}',
    'Watchers that receive changes as they happen.',
    one((m) => m.watch.live),
  ),
  gauge(
    'watch.streams',
    '{stream}',
    'Open watch streams.',
    one(({ watch }) => watch.streams),
  ),
  gauge(
    'watch.paused',
    '{watcher}',
    'Watchers that are paused because their buffer is full.',
    one((m) => m.watch.paused),
  ),
  gauge(
    'watch.lag',
    's',
    'The longest time for which a watcher has not been live; 0 while all are live.',
    one(({ watch }) => watch.lagMs / 1_000),
  ),
  gauge(
    'watch.buffered_events',
    '{event}',
    'Events that wait for slow readers.',
    one(({ watch }) => watch.bufferedEvents),
  ),
  gauge(
    'watch.buffered_size',
    'By',
    'The size of the keys and values of these events.',
    one(({ watch }) => watch.bufferedBytes),
  ),
  counter('watch.resumes', '{resume}', 'How often a watcher became live again, by the cause.', ({ watch }) =>
    byName('etcd_naming.cause', watch.resumes),
  ),
  counter(
    'watch.compactions',
    '{watcher}',
    'Watchers that ended because their history was compacted.',
    one(({ watch }) => watch.compactions),
  ),
  gauge(
    'mirror.active',
    '{mirror}',
    'Mirrors that are iterated.',
    one(({ mirrors }) => mirrors.active),
  ),
  counter(
    'mirror.resyncs',
    '{resync}',
    'How often a mirror listed its range again, by the cause.',
    ({ mirrors }) => byName('etcd_naming.cause', mirrors.resyncs),
  ),
  gauge(
    'lease.held',
    '{lease}',
    'Leases that are kept alive.',
    one(({ leases }) => leases.held),
  ),
  gauge(
    'lease.margin',
    's',
    'The time until the first lease expires if no renewal is answered.',
    ({ leases: { minMarginMs } }) => (minMarginMs === undefined ? [] : [{ value: minMarginMs / 1_000 }]),
  ),
  counter('lease.ended', '{lease}', 'Leases that ended, by the reason.', ({ leases }) =>
    byName('etcd_naming.reason', leases.ended),
  ),
  ...ownership('lock', 'Locks', ({ locks }) => locks),
  ...ownership('election', 'Terms in elections', ({ elections }) => elections),
  gauge('registrations', '{registration}', 'Registrations, by their state.', registrationStates),
  counter(
    'registration.stored',
    '{registration}',
    'How often the record of a registration was stored, the first time included.',
    one(({ records }) => records.stored),
  ),
  gauge(
    'directory.age',
    's',
    'The time for which the view of a service may have been out of date; 0 while it is live.',
    perService(({ ageMs }) => [{ value: ageMs / 1_000 }]),
  ),
  gauge(
    'directory.followed',
    '{state}',
    '1 for a service that is followed, 0 for one no longer.',
    perService(() => [{ value: 1 }]),
  ),
  gauge(
    'directory.endpoints',
    '{endpoint}',
    'Visible endpoints of a service, by their state.',
    perService(({ endpoints }) => byName('etcd_naming.state', { ...endpoints })),
  ),
  gauge(
    'directory.invalid_keys',
    '{key}',
    'Keys of a service whose value is not an endpoint.',
    perService(({ invalid }) => [{ value: invalid }]),
  ),
  gauge(
    'directory.loss_protection',
    '{state}',
    '1 while loss protection keeps endpoints that the store no longer has, else 0.',
    perService(({ lossProtection }) => [{ value: Number(lossProtection) }]),
  ),
  counter(
    'directory.departures',
    '{endpoint}',
    'Endpoints of a service that departed, by the reason.',
    perService(({ departures }) => byName('etcd_naming.reason', departures)),
  ),
  gauge('resolver.channels', '{channel}', 'Open channels of a service.', ({ resolvers }) =>
    resolvers.map((service) => ofService(service, { value: service.channels })),
  ),
  counter(
    'resolver.updates',
    '{update}',
    'Lists of endpoints and failures that the channels of a service were given.',
    ({ resolvers }) => resolvers.map((service) => ofService(service, { value: service.updates })),
  ),
  counter(
    'balancer.picks',
    '{pick}',
    'Calls of a service that etcd_weighted sent to an endpoint; at most 100 endpoints, then other.',
    ({ resolvers }) =>
      resolvers.flatMap((service) =>
        byName('etcd_naming.endpoint', service.picks).map((observation) => ofService(service, observation)),
      ),
  ),
];

function counter(
  name: string,
  unit: string,
  description: string,
  read: InstrumentDefinition['read'],
): InstrumentDefinition {
  return { name, kind: 'counter', unit, description, read, gone: 0 };
}

function gauge(
  name: string,
  unit: string,
  description: string,
  read: InstrumentDefinition['read'],
  gone = 0,
): InstrumentDefinition {
  return { name, kind: 'gauge', unit, description, read, gone };
}

function one(read: Read<number>): Read<Observation[]> {
  return (metrics) => [{ value: read(metrics) }];
}

function byName(attribute: string, values: Readonly<Record<string, number>>): Observation[] {
  return Object.entries(values).map(([name, value]) => ({ value, attributes: { [attribute]: name } }));
}

function ofMember(endpoint: string, state: boolean): Observation {
  return { value: Number(state), attributes: { 'etcd_naming.member.endpoint': endpoint } };
}

function ofService({ target, codec }: ServiceName, { value, attributes }: Observation): Observation {
  const ofCodec = codec === undefined ? {} : { 'etcd_naming.codec': codec };
  return { value, attributes: { ...attributes, 'etcd_naming.target': target, ...ofCodec } };
}

type ServiceName = Pick<ServiceMetrics, 'target' | 'codec'>;

function perService(read: (service: ServiceMetrics) => readonly Observation[]): Read<Observation[]> {
  return ({ services }) =>
    services.flatMap((service) => read(service).map((observation) => ofService(service, observation)));
}

function ownership(prefix: string, what: string, of: Read<OwnershipMetrics>): InstrumentDefinition[] {
  return [
    gauge(
      `${prefix}.held`,
      `{${prefix}}`,
      `${what} that are owned.`,
      one((metrics) => of(metrics).held),
    ),
    gauge(
      `${prefix}.waiting`,
      '{call}',
      `${what}: the calls that wait.`,
      one((m) => of(m).waiting),
    ),
    counter(
      `${prefix}.acquired`,
      `{${prefix}}`,
      `${what} that were acquired.`,
      one((m) => of(m).acquired),
    ),
    counter(
      `${prefix}.lost`,
      `{${prefix}}`,
      `${what} that were lost.`,
      one((metrics) => of(metrics).lost),
    ),
  ];
}

/** A state without a registration is 0: a series that ends looks like one that is not collected. */
function registrationStates({ registrations }: ClientMetrics): Observation[] {
  const states: Record<string, number> = {
    registering: 0,
    registered: 0,
    outdated: 0,
    waiting: 0,
    draining: 0,
  };
  for (const { state } of registrations) states[state] = (states[state] ?? 0) + 1;
  return byName('etcd_naming.state', states);
}
