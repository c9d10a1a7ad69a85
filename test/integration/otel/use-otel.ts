import { type Context, context, type Span, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { type Instrumentation, type InstrumentOptions, instrument } from '#src/otel/index.js';

/** One SDK of OpenTelemetry with exporters in memory, for each test of a `describe`. */
export interface Otel {
  /** The spans that have ended. */
  spans(): readonly ReadableSpan[];
  /** Collects the metrics: each by its name. */
  metrics(): Promise<ReadonlyMap<string, MetricData>>;
  /** Runs `work` inside a span, which ends with it. */
  inSpan<T>(name: string, work: (span: Span) => Promise<T>): Promise<T>;
  readonly instrumentation: Instrumentation;
}

export function useOtel(options: InstrumentOptions = {}): () => Otel {
  let otel: (Otel & { close(): Promise<void> }) | undefined;

  before('a context manager is registered', () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  beforeEach(() => {
    otel = startOtel(options);
  });
  afterEach(async () => {
    await otel?.close();
  });
  after(() => {
    context.disable();
  });
  return () => {
    if (!otel) throw new Error('useOtel(): the SDK exists only inside tests');
    return otel;
  };
}

function startOtel(options: InstrumentOptions): Otel & { close(): Promise<void> } {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const exportedMetrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter: exportedMetrics,
    exportIntervalMillis: 3_600_000,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const instrumentation = instrument({ tracerProvider, meterProvider, ...options });
  const tracer = tracerProvider.getTracer('test');
  return {
    instrumentation,
    spans: () => exporter.getFinishedSpans(),
    metrics: async () => {
      exportedMetrics.reset();
      await meterProvider.forceFlush();
      const scopes = exportedMetrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
      return new Map(
        scopes.flatMap(({ metrics }) => metrics.map((metric) => [metric.descriptor.name, metric])),
      );
    },
    inSpan: (name, work) => {
      const span = tracer.startSpan(name);
      return context.with(trace.setSpan(context.active(), span) as Context, async () => {
        try {
          return await work(span);
        } finally {
          span.end();
        }
      });
    },
    close: async () => {
      instrumentation.disable();
      await tracerProvider.shutdown();
      await meterProvider.shutdown();
    },
  };
}

/** The value of a metric of a client, with these attributes; undefined without one. */
export function metricValue(
  metrics: ReadonlyMap<string, MetricData>,
  name: string,
  attributes: Readonly<Record<string, unknown>>,
): unknown {
  const points = (metrics.get(name)?.dataPoints ?? []) as readonly DataPoint<unknown>[];
  const isMatch = (point: DataPoint<unknown>) =>
    Object.entries(attributes).every(([key, value]) => point.attributes[key] === value);
  return points.find(isMatch)?.value;
}

/** What a reader of a trace sees of a span: its name, its outcome, and its attempts. */
export function transcript(span: ReadableSpan): readonly string[] {
  const { attributes: own, events, name } = span;
  const outcome = [own['rpc.response.status_code'], own['error.type']].filter(Boolean).join(' ');
  return [
    `${name} on ${own['server.address']}:${own['server.port']}: ${outcome}`,
    ...events.map(({ name: event, attributes = {} }) => {
      const result = [attributes['rpc.response.status_code'], attributes['error.type']]
        .filter(Boolean)
        .join(' ');
      const server = `${attributes['server.address']}:${attributes['server.port']}`;
      return `${event} ${attributes['etcd_naming.attempt.number']} on ${server}: ${result}`;
    }),
  ];
}

/** The id of the span's parent. */
export function parentOf(span: ReadableSpan): string | undefined {
  return span.parentSpanContext?.spanId;
}
