import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { describeThrown, EtcdError } from '../errors/index.js';
import type { CallAttempt, CallTrace } from '../index.js';
import { methodAttributes, resultAttributes, serverOf } from './call-attributes.js';
import { callOutcomeAttributes, isFailure, outcomeAttributes } from './failure.js';
import type { Guard } from './guard.js';
import { type KeyDetail, keyAttributes } from './key-attributes.js';
import { serverAttributes } from './server-address.js';

/**
 * The spans of calls, by OpenTelemetry's conventions for gRPC.
 *
 * Specification: https://github.com/open-telemetry/semantic-conventions/blob/v1.40.0/docs/rpc/grpc.md
 */
export class CallSpans {
  readonly #tracer: Tracer;
  readonly #keys: KeyDetail;
  readonly #guard: Guard;
  readonly #open = new Map<CallTrace, Span>();

  constructor(tracer: Tracer, keys: KeyDetail, guard: Guard) {
    this.#tracer = tracer;
    this.#keys = keys;
    this.#guard = guard;
  }

  /** Begins the span of a call as a child of the active one. Returns the context in which the call runs. */
  begin(call: CallTrace): Context {
    const parent = context.active();
    const span = this.#guard.run('the start of a span', () => this.#start(call, parent));
    return span ? trace.setSpan(parent, span) : parent;
  }

  #start(call: CallTrace, parent: Context): Span {
    const options = {
      kind: SpanKind.CLIENT,
      startTime: call.startedAt,
      attributes: methodAttributes(call),
    };
    const span = this.#tracer.startSpan(`${call.service}/${call.method}`, options, parent);
    this.#open.set(call, span);
    return span;
  }

  /** Ends the span of a call that has ended. Returns its context, for the exemplars of metrics. */
  end(call: CallTrace): Context {
    const span = this.#open.get(call);
    if (!span) return context.active();
    this.#open.delete(call);
    this.#guard.run('the description of a span', () => {
      if (span.isRecording()) this.#describe(span, call);
    });
    this.#guard.run('the end of a span', () => span.end(call.startedAt + (call.durationMs ?? 0)));
    return trace.setSpan(context.active(), span);
  }

  /** Ends the spans of the calls that have not ended. */
  close(): void {
    for (const span of this.#open.values()) this.#guard.run('the end of a span', () => span.end());
    this.#open.clear();
  }

  #describe(span: Span, call: CallTrace): void {
    const { attempts, error } = call;
    span.setAttributes({
      ...callOutcomeAttributes(call),
      ...(isFailure(call) && error instanceof EtcdError ? { 'etcd_naming.verdict': error.verdict } : {}),
      ...serverOf(call),
      ...keyAttributes(call, this.#keys),
      ...resultAttributes(call),
    });
    for (const attempt of attempts) {
      const endedCall = attempt === attempts.at(-1) && (attempt.error ?? error) === error;
      const outcome =
        endedCall && !isFailure(call)
          ? callOutcomeAttributes(call)
          : this.#errorAttributes(endedCall ? error : attempt.error);
      const attributes = { ...attemptAttributes(attempt), ...outcome };
      span.addEvent('etcd_naming.attempt', attributes, attempt.startedAt);
    }
    if (!isFailure(call)) return;
    span.setStatus({ code: SpanStatusCode.ERROR, ...this.#textOf('message', error) });
  }

  /** @param error Why an attempt failed; for the one that ended the call, why the call did. */
  #errorAttributes(error: unknown): Attributes {
    return {
      ...outcomeAttributes(error),
      ...reasonOf(error),
      ...this.#textOf('exception.message', error),
    };
  }

  /** The text of an error, which quotes keys. */
  #textOf<Name extends string>(name: Name, error: unknown): { readonly [_ in Name]?: string } {
    if (error === undefined || this.#keys !== 'full') return {};
    const text = error instanceof EtcdError ? error.message : describeThrown(error);
    return { [name]: text } as { readonly [_ in Name]?: string };
  }
}

function attemptAttributes({ number, endpoint, isSent, reads, durationMs }: CallAttempt): Attributes {
  return {
    'etcd_naming.attempt.number': number,
    ...serverAttributes(endpoint),
    ...(isSent ? {} : { 'etcd_naming.attempt.sent': false }),
    ...(reads > 1 ? { 'etcd_naming.attempt.reads': reads } : {}),
    ...(durationMs === undefined ? {} : { 'etcd_naming.attempt.duration': durationMs / 1_000 }),
  };
}

/** The name of etcd's refusal, such as `NoLeader`: the cause of a retry, without keys. */
function reasonOf(error: unknown): Attributes {
  const reason = error instanceof EtcdError ? error.reason : undefined;
  return reason === undefined ? {} : { 'etcd_naming.attempt.reason': reason };
}
