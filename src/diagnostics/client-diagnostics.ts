import { callSafely, processWarning } from '../async/index.js';
import { callChannels } from './call.js';
import { Counters } from './counters.js';
import { DurationHistograms } from './duration-histograms.js';
import { eventToJson, withEventJson } from './event-json.js';
import type { Logger } from './log.js';
import type { ClientMetrics, MetricsSource, MutableMetrics } from './metrics.js';
import type { Topic } from './topic.js';

/** Scrapes are seconds to a few minutes apart. */
const metricsIntervalMs = 300_000;

/** What a client is observed with. */
export interface DiagnosticsOptions {
  readonly name: string;
  readonly logger?: Logger | undefined;
  /** Whether to keep histograms although nothing subscribes to calls. */
  readonly histograms?: boolean | undefined;
  /** The time in milliseconds, of any origin. Default: that of `performance`. */
  readonly now?: () => number;
}

/** What a client shows of itself: its events, on the diagnostics channels and to its logger, and its metrics. */
export class ClientDiagnostics {
  /** The client's name in events and metrics. */
  readonly name: string;
  readonly counters = new Counters();
  readonly #logger: Logger | undefined;
  readonly #histograms = new DurationHistograms();
  readonly #keepsHistograms: boolean;
  readonly #now: () => number;
  readonly #sources = new Set<MetricsSource>();
  #hasLoggerFailed = false;
  #metricsReadAt = Number.NEGATIVE_INFINITY;

  constructor({ name, logger, histograms = false, now = () => performance.now() }: DiagnosticsOptions) {
    this.name = name;
    this.#logger = logger;
    this.#keepsHistograms = histograms;
    this.#now = now;
  }

  /** Whether anything receives the events of the topic. Check it before an event is built. */
  wants<T>({ channel }: Topic<T>): boolean {
    return channel.hasSubscribers || this.#logger !== undefined;
  }

  publish<T>(topic: Topic<T>, event: T): void {
    const { channel, name, describe } = topic;
    const message = withEventJson({ client: this.name, ...event });
    if (channel.hasSubscribers) channel.publish(message);
    const logger = this.#logger;
    if (!logger) return;
    const { level, text } = describe(event);
    const fields = { topic: name, ...eventToJson(message) };
    callSafely(
      () => logger(level, text, fields),
      (error) => this.#onLoggerFailure(error),
    );
  }

  /** Whether calls are traced. */
  get tracesCalls(): boolean {
    return this.#keepsHistograms || callChannels.hasSubscribers;
  }

  /** Records the duration of a traced call. */
  recordCall(method: string, status: string, seconds: number): void {
    if (this.#keepsHistograms) this.#histograms.record(method, status, seconds);
  }

  /** Adds a part of the client to the metrics until the returned function is called. */
  addSource(source: MetricsSource): () => void {
    this.#sources.add(source);
    return () => this.#sources.delete(source);
  }

  /** Whether the metrics were read so recently that they are probably read again. */
  get areMetricsRead(): boolean {
    return this.#now() - this.#metricsReadAt < metricsIntervalMs;
  }

  metrics(): ClientMetrics {
    this.#metricsReadAt = this.#now();
    const metrics = emptyMetrics(this.name, this.counters);
    if (this.#keepsHistograms) metrics.callDurations = [...this.#histograms.snapshot()];
    for (const source of this.#sources) source.addTo(metrics);
    return metrics;
  }

  /** Warns once: a logger that fails does so for each event. */
  #onLoggerFailure(error: unknown): void {
    if (this.#hasLoggerFailed) return;
    this.#hasLoggerFailed = true;
    processWarning('logger')(error);
  }
}

/** The counters, and states of nothing, to which the sources add theirs. */
function emptyMetrics(client: string, counters: Counters): MutableMetrics {
  const { attempts, answers, failures, retries, resumes, compactions, resyncs } = counters;
  return {
    client,
    calls: { attempts, answers, failures, retries },
    retries: { localReads: 0, reads: 0, writes: 0 },
    members: [],
    ...(counters.hasCredentials && {
      token: { renewals: { ...counters.tokens }, failures: counters.tokenFailures },
    }),
    connections: { made: counters.connectionsMade, lost: counters.connectionsLost },
    watch: {
      watchers: 0,
      live: 0,
      streams: 0,
      lagMs: 0,
      resumes: { ...resumes },
      compactions,
      bufferedEvents: 0,
      bufferedBytes: 0,
      paused: 0,
    },
    mirrors: { active: counters.activeMirrors, resyncs: { ...resyncs } },
    leases: { held: 0, ended: { ...counters.leasesEnded } },
    locks: { ...counters.locks },
    elections: { ...counters.elections },
    services: [],
    registrations: [],
    records: { ...counters.records },
    resolvers: [],
  };
}
