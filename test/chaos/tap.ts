import { Channel, type Metadata, type StatusObject } from '@grpc/grpc-js';
import {
  LeaseGrantRequest,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  type LeaseKeepAliveResponse as Renewed,
} from '#src/gen/etcd/rpc.js';
import type { Journal } from './journal.js';

type Call = ReturnType<Channel['createCall']>;
type Listener = Parameters<Call['start']>[1];

const unary = /^\/etcdserverpb\.(?:KV\/(Put|DeleteRange|Txn)|Lease\/(LeaseGrant|LeaseRevoke))$/;
const keepAlive = '/etcdserverpb.Lease/LeaseKeepAlive';

/**
 * Listens at grpc-js's channel, below all that the library does, and writes down each sending of a write and each
 * renewal of a lease. Returns the function that ends it.
 */
export function tap(journal: Journal): () => void {
  const prototype = Channel.prototype;
  const { createCall } = prototype;
  let streams = 0;
  prototype.createCall = function (this: Channel, ...args: Parameters<Channel['createCall']>): Call {
    const call = createCall.apply(this, args);
    const rpc = unary.exec(args[0])?.slice(1).find(Boolean);
    if (rpc !== undefined) tapUnary(call, rpc, journal);
    else if (args[0] === keepAlive) tapRenewals(call, streams++, journal);
    return call;
  };
  return () => {
    prototype.createCall = createCall;
  };
}

function tapUnary(call: Call, rpc: string, journal: Journal): void {
  const op = journal.currentOp;
  if (op === undefined) return;
  let sentAt = journal.now();
  let lease: bigint | undefined;
  interceptSend(call, (message) => {
    sentAt = journal.now();
    if (rpc === 'LeaseGrant') lease = LeaseGrantRequest.decode(message).ID;
  });
  interceptListener(call, {
    status: ({ code, details: text }) => {
      const endedAt = journal.now();
      const which = lease === undefined ? {} : { lease };
      journal.add({ kind: 'attempt', op, rpc, sentAt, endedAt, code, text, ...which });
    },
  });
}

function tapRenewals(call: Call, stream: number, journal: Journal): void {
  const note = (direction: 'sent' | 'acked', lease: bigint, ttlSeconds: number) =>
    journal.add({ kind: 'renewal', direction, stream, lease, at: journal.now(), ttlSeconds });
  interceptSend(call, (message) => note('sent', LeaseKeepAliveRequest.decode(message).ID, 0));
  interceptListener(call, {
    message: (bytes) => {
      const { ID, TTL }: Renewed = LeaseKeepAliveResponse.decode(bytes);
      note('acked', ID, Number(TTL));
    },
  });
}

function interceptSend(call: Call, heard: (message: Buffer) => void): void {
  const send = call.sendMessageWithContext.bind(call);
  call.sendMessageWithContext = (context, message) => {
    heard(message);
    send(context, message);
  };
}

interface TapListener {
  readonly message?: (bytes: Buffer) => void;
  readonly status?: (status: StatusObject) => void;
}

/** Heard before the library hears it, so that what it tells its caller comes later in the history. */
function interceptListener(call: Call, ears: TapListener): void {
  const start = call.start.bind(call);
  call.start = (metadata: Metadata, listener: Listener) =>
    start(metadata, {
      onReceiveMetadata: (received) => listener.onReceiveMetadata(received),
      onReceiveMessage: (bytes) => {
        ears.message?.(bytes);
        listener.onReceiveMessage(bytes);
      },
      onReceiveStatus: (status) => {
        ears.status?.(status);
        listener.onReceiveStatus(status);
      },
    });
}
