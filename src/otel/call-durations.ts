import type { Context, Histogram, Meter } from '@opentelemetry/api';
import { durationBounds } from '../diagnostics/duration-histograms.js';
import type { CallTrace } from '../index.js';
import { methodAttributes, serverOf } from './call-attributes.js';
import { callOutcomeAttributes } from './failure.js';

/**
 * The histogram of how long calls take.
 *
 * Specification: https://github.com/open-telemetry/semantic-conventions/blob/v1.40.0/docs/rpc/rpc-metrics.md
 */
export class CallDurations {
  readonly #histogram: Histogram;

  constructor(meter: Meter) {
    this.#histogram = meter.createHistogram('rpc.client.call.duration', {
      description: 'How long calls to etcd take, from the request until the caller has the result.',
      unit: 's',
      advice: { explicitBucketBoundaries: [...durationBounds] },
    });
  }

  /** @param context That of the call's span. */
  record(call: CallTrace, context: Context): void {
    const attributes = {
      ...methodAttributes(call),
      ...callOutcomeAttributes(call),
      ...serverOf(call),
    };
    this.#histogram.record((call.durationMs ?? 0) / 1_000, attributes, context);
  }
}
