import type { CallRecorder } from '../method.js';
import type { DuplexHandlers } from './duplex.js';

/** Records what happens to a stream. */
export interface StreamRecorder extends Pick<CallRecorder, 'attemptSent'> {
  /** @param bytes The encoded size of the message. */
  received(message: unknown, bytes: number): void;
}

/**
 * The handlers of a stream with an end, which is recorded as one attempt of a call. The end of the attempt is recorded by
 * the module that knows whether all messages were received.
 */
export function recorded<Res>(trace: StreamRecorder, handlers: DuplexHandlers<Res>): DuplexHandlers<Res> {
  return {
    opened: (member) => {
      trace.attemptSent(member.endpoint);
      handlers.opened?.(member);
    },
    message: (response, bytes = 0) => {
      trace.received(response, bytes);
      return handlers.message(response, bytes);
    },
    end: handlers.end,
  };
}
