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
 * Intercepts grpc-js's channel, below the library, and records each attempt of a write and each lease renewal. Returns
 * a function that removes the interception.
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
  const record = (direction: 'sent' | 'acked', lease: bigint, ttlSeconds: number) =>
    journal.add({ kind: 'renewal', direction, stream, lease, at: journal.now(), ttlSeconds });
  interceptSend(call, (message) => record('sent', LeaseKeepAliveRequest.decode(message).ID, 0));
  interceptListener(call, {
    message: (bytes) => {
      const { ID, TTL }: Renewed = LeaseKeepAliveResponse.decode(bytes);
      record('acked', ID, Number(TTL));
    },
  });
}

export function interceptSend(call: Call, onMessage: (message: Buffer) => void): void {
  const send = call.sendMessageWithContext.bind(call);
  call.sendMessageWithContext = (context, message) => {
    onMessage(message);
    send(context, message);
  };
}

interface TapListener {
  readonly message?: (bytes: Buffer) => void;
  readonly status?: (status: StatusObject) => void;
}

/** Runs before the library's listener, so that the attempt precedes the op's completion in the history. */
export function interceptListener(call: Call, tap: TapListener): void {
  const start = call.start.bind(call);
  call.start = (metadata: Metadata, listener: Listener) =>
    start(metadata, {
      onReceiveMetadata: (received) => listener.onReceiveMetadata(received),
      onReceiveMessage: (bytes) => {
        tap.message?.(bytes);
        listener.onReceiveMessage(bytes);
      },
      onReceiveStatus: (status) => {
        tap.status?.(status);
        listener.onReceiveStatus(status);
      },
    });
}
