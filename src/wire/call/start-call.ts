import type { TracedCallOptions } from '../method.js';
import { type Caller, type EarlierAttempt, PendingCall, type PendingCallPorts } from './pending-call.js';
import { TracedCall } from './traced-call.js';

/**
 * Makes a unary call, which settles the caller's promise.
 * @param earlier For a read that was requested before, when the client was not closed.
 */
export function startCall<Req, Res, T>(
  ports: PendingCallPorts,
  caller: Caller<Req, Res, T>,
  options: TracedCallOptions,
  earlier?: EarlierAttempt,
): void {
  if (!options.trace && ports.diagnostics.tracesCalls) startTraced(ports, caller, options, earlier);
  else new PendingCall(ports, caller, options, earlier?.epoch).start(earlier);
}

function startTraced<Req, Res, T>(
  ports: PendingCallPorts,
  caller: Caller<Req, Res, T>,
  options: TracedCallOptions,
  earlier: EarlierAttempt | undefined,
): void {
  const { method, request, resolve, reject } = caller;
  const trace = new TracedCall(ports.diagnostics, method.path, request);
  const traced: Caller<Req, Res, T> = {
    ...caller,
    resolve: (result) => {
      trace.succeeded();
      resolve(result);
    },
    reject: (error) => {
      trace.failed(error, options.signal);
      reject(error);
    },
  };
  trace.start(() => new PendingCall(ports, traced, { ...options, trace }, earlier?.epoch).start(earlier));
}
