import { type Channel, channel, tracingChannel } from 'node:diagnostics_channel';
import { type MeterProvider, metrics, type TracerProvider, trace } from '@opentelemetry/api';
import type { CallTrace } from '../index.js';
import { objectWithMethods, oneOf, optionsChecker } from '../model/index.js';
import { CallContext } from './call-context.js';
import { CallDurations } from './call-durations.js';
import { CallSpans } from './call-spans.js';
import { ClientMetricsObserver } from './client-metrics.js';
import { Guard } from './guard.js';
import type { KeyDetail } from './key-attributes.js';

/** What the clients of this process are instrumented with. */
export interface InstrumentOptions {
  /** Receives the spans. Default: the global provider, also one that is registered later. */
  readonly tracerProvider?: TracerProvider;
  /** Receives the metrics. Default: the global provider, which must be registered before. */
  readonly meterProvider?: MeterProvider;
  /**
   * How much of the keys the spans show; see {@link KeyDetail}. Default `prefix`. Values, passwords and tokens are never
   * recorded.
   */
  readonly keys?: KeyDetail;
}

/** What {@link instrument} returns: ends the instrumentation. `using` ends it with the block. */
export interface Instrumentation {
  /** Ends spans and metrics. The spans of calls that have not ended end now. Idempotent. */
  disable(): void;
  /** The same as `disable()`. */
  [Symbol.dispose](): void;
}

/** The name of the tracer and the meter. */
const scope = '@org/etcd-naming';
/** That of package.json, which is not read at run time; a test compares them. */
const version = '0.1.0';
/** The conventions that the names of attributes follow. */
const schema = { schemaUrl: 'https://opentelemetry.io/schemas/1.40.0' };

/**
 * Records spans and metrics of all clients of this process, those of other copies of the package included, until the
 * returned object is disabled. Call it once, after the SDK of OpenTelemetry is started; two calls record everything twice.
 *
 * Each call is a span of kind client with the name of its method, such as `etcdserverpb.KV/Put`, by the conventions for
 * gRPC, with an event `etcd_naming.attempt` for each attempt. Its parent is the span that is active where the call is
 * made. Watches and keep-alives are long-lived streams without an end: they have metrics and no spans.
 *
 * What the SDK throws, such as the error of a sampler or a span processor, reaches neither the call nor the process: the
 * first error of each kind is logged with OpenTelemetry's `diag`.
 *
 * The metrics are `rpc.client.call.duration` and those under `etcd_naming.`, which show what `client.metrics()` shows, for
 * each client under its name. Give each its own: those of the same name are counted together, and one shows its state.
 *
 * @throws InvalidInputError for an unknown option or a wrong value.
 * @example
 * ```ts
 * const instrumentation = instrument({ keys: 'none' });
 * process.once('SIGTERM', () => instrumentation.disable());
 * ```
 */
export function instrument(options: InstrumentOptions = {}): Instrumentation {
  checkOptions(options);
  const {
    tracerProvider = trace.getTracerProvider(),
    meterProvider = metrics.getMeterProvider(),
    keys = 'prefix',
  } = options;
  const guard = new Guard();
  const spans = new CallSpans(tracerProvider.getTracer(scope, version, schema), keys, guard);
  const meter = meterProvider.getMeter(scope, version, schema);
  const durations = new CallDurations(meter);
  const observer = new ClientMetricsObserver(meter, guard);
  const unsubscribe = followCalls(spans, durations, guard);
  observer.start();
  let isEnabled = true;
  const disable = () => {
    if (!isEnabled) return;
    isEnabled = false;
    unsubscribe();
    observer.stop();
    spans.close();
  };
  return { disable, [Symbol.dispose]: disable };
}

/** Returns a function that ends it. */
function followCalls(spans: CallSpans, durations: CallDurations, guard: Guard): () => void {
  const start: Channel = tracingChannel('etcd-naming:call').start;
  const ended: Channel = channel('tracing:etcd-naming:call:asyncEnd');
  const calls = new CallContext();
  const onEnd = (message: unknown) => {
    const call = message as CallTrace;
    const context = spans.end(call);
    guard.run('the record of a duration', () => durations.record(call, context));
  };
  start.bindStore(calls, (message: unknown) => spans.begin(message as CallTrace));
  ended.subscribe(onEnd);
  return () => {
    start.unbindStore(calls);
    ended.unsubscribe(onEnd);
  };
}

const checkOptions = optionsChecker<InstrumentOptions>({
  tracerProvider: objectWithMethods('getTracer'),
  meterProvider: objectWithMethods('getMeter'),
  keys: oneOf('none', 'prefix', 'full'),
});
