// What observes a client. Each takes the entry of the build and the URL of its folder.
import diagnosticsChannel from 'node:diagnostics_channel';

const resetEveryMs = 500;
const callHandlers = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

export const observers = {
  none() {},

  /** A function that does nothing, on every channel. */
  noop({ diagnosticsChannels }) {
    const { call, metrics: _, ...topics } = diagnosticsChannels;
    const handlers = Object.fromEntries(callHandlers.map((name) => [name, () => {}]));
    diagnosticsChannel.tracingChannel(call.name).subscribe(handlers);
    for (const { name } of Object.values(topics)) diagnosticsChannel.subscribe(name, () => {});
  },

  /** OpenTelemetry's SDK, whose exporters keep spans and metrics in memory. */
  async otel(_, folder) {
    const [{ context }, { AsyncLocalStorageContextManager }, traces, metrics, { instrument }] =
      await Promise.all([
        import('@opentelemetry/api'),
        import('@opentelemetry/context-async-hooks'),
        import('@opentelemetry/sdk-trace-base'),
        import('@opentelemetry/sdk-metrics'),
        import(new URL('otel.js', folder)),
      ]);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const spans = new traces.InMemorySpanExporter();
    const points = new metrics.InMemoryMetricExporter(metrics.AggregationTemporality.CUMULATIVE);
    const tracerProvider = new traces.BasicTracerProvider({
      spanProcessors: [new traces.BatchSpanProcessor(spans)],
    });
    const reader = new metrics.PeriodicExportingMetricReader({
      exporter: points,
      exportIntervalMillis: resetEveryMs,
    });
    const meterProvider = new metrics.MeterProvider({ readers: [reader] });
    const instrumentation = instrument({ tracerProvider, meterProvider });
    // The exporters would keep all of a run.
    const timer = setInterval(() => {
      spans.reset();
      points.reset();
    }, resetEveryMs);
    return {
      async close() {
        clearInterval(timer);
        instrumentation.disable();
        await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
      },
    };
  },
};
