import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, context } from '@opentelemetry/api';

/**
 * Runs a call in a context of OpenTelemetry: bound to the channel of the calls' starts, whose `runStores` calls `run`. So
 * the span of a call is the parent of those that begin inside it, whatever the context manager is.
 */
export class CallContext extends AsyncLocalStorage<Context> {
  override run<R, Args extends unknown[]>(store: Context, callback: (...args: Args) => R, ...args: Args): R {
    return context.with(store, callback as (...args: unknown[]) => R, undefined, ...args) as R;
  }
}
