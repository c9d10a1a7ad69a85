import { Code, EtcdError, isUnsupported, requestError } from '../errors/index.js';
import type { RangeRequest, RangeResponse } from '../gen/etcd/rpc.js';
import { describeRequest } from './call/request-description.js';
import type { TracedCall } from './call/traced-call.js';
import * as kv from './codec/kv-answers.js';
import type { DuplexHandlers } from './stream/duplex.js';
import { recorded } from './stream/recorded.js';
import type { Transport } from './transport.js';

/** A RangeStream of etcd 3.7. */
export interface RangeStream {
  /**
   * Ends the stream on both sides immediately. No handler is called afterwards.
   * @param reason For its trace. Default: the reader left the stream.
   */
  cancel(reason?: unknown): void;
  /** As `cancel`, after an error, for its trace. */
  fail(error: EtcdError): void;
  /** As `fail`. Marks the member unhealthy as silent, so that the next stream uses another one. */
  failUnresponsive(error: EtcdError): void;
}

/** Sends RangeStream, which is published as one call: it ends with the chunk that has the header. */
export function openRangeStream(
  transport: Transport,
  request: RangeRequest,
  handlers: DuplexHandlers<RangeResponse>,
): RangeStream {
  const trace = transport.traceCall(kv.rangeStream, request);
  if (!trace) return open(transport, request, handlers);
  trace.requestBytes = kv.rangeStream.requestSerialize(request).length;
  return trace.start(() => openTraced(trace, transport, request, handlers));
}

function openTraced(
  trace: TracedCall,
  transport: Transport,
  request: RangeRequest,
  handlers: DuplexHandlers<RangeResponse>,
): RangeStream {
  const stream = open(
    transport,
    request,
    recorded(trace, {
      ...handlers,
      message: (chunk) => {
        if (chunk.header) trace.succeeded();
        return handlers.message(chunk);
      },
      end: (error) => {
        if (isUnsupported(error)) trace.unsupported(error);
        else trace.failed(error);
        handlers.end(error);
      },
    }),
  );
  return {
    cancel: (reason = leftError()) => {
      trace.cancelled(reason);
      stream.cancel();
    },
    fail: (error) => {
      trace.failed(error);
      stream.fail(error);
    },
    failUnresponsive: (error) => {
      trace.failed(error);
      stream.failUnresponsive(error);
    },
  };
}

function open(
  transport: Transport,
  request: RangeRequest,
  { opened, message, end }: DuplexHandlers<RangeResponse>,
): RangeStream {
  const stream = transport.duplex(
    kv.rangeStream,
    { requireLeader: !request.serializable },
    {
      ...(opened && { opened }),
      message: ({ rangeResponse }, bytes) => message(rangeResponse ?? emptyChunk(), bytes),
      end: (error) =>
        end(requestError(error, { ...describeRequest(kv.rangeStream, request), ...transport.user })),
    },
  );
  stream.send(request);
  return {
    cancel: () => stream.cancel(),
    fail: () => stream.cancel(),
    failUnresponsive: () => stream.cancelUnresponsive(),
  };
}

function emptyChunk(): RangeResponse {
  return { header: undefined, kvs: [], more: false, count: 0n };
}

/** The error of a stream that its reader left before its end, for its trace. */
function leftError(): EtcdError {
  return new EtcdError('the reader left the stream before its end', { code: Code.CANCELLED });
}
