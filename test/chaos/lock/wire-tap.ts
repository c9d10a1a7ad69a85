import { Channel } from '@grpc/grpc-js';
import { LeaseKeepAliveRequest, LeaseKeepAliveResponse, TxnRequest } from '#src/gen/etcd/rpc.js';
import { nowMs } from '../naming/clock.js';
import { interceptListener, interceptSend } from '../tap.js';

const txn = '/etcdserverpb.KV/Txn';
const keepAlive = '/etcdserverpb.Lease/LeaseKeepAlive';

/** Observes grpc-js's channel, below the library: the keys that join a queue, and the renewals of leases. */
export class WireTap {
  readonly #onPut: (key: string) => void;
  readonly #renewedAt = new Map<bigint, number>();

  /** `onPut` is called before a transaction is sent that puts a key first. */
  constructor(onPut: (key: string) => void) {
    this.#onPut = onPut;
    const tap = this;
    const { createCall } = Channel.prototype;
    Channel.prototype.createCall = function (this: Channel, ...args: Parameters<Channel['createCall']>) {
      const call = createCall.apply(this, args);
      if (args[0] === txn) tap.#tapTxn(call);
      else if (args[0] === keepAlive) tap.#tapRenewals(call);
      return call;
    };
  }

  /** When the last acknowledged renewal of a lease was sent. */
  renewedAt(lease: bigint): number | undefined {
    return this.#renewedAt.get(lease);
  }

  #tapTxn(call: ReturnType<Channel['createCall']>): void {
    interceptSend(call, (message) => {
      const [first] = TxnRequest.decode(message).success;
      if (first?.request?.$case === 'requestPut') this.#onPut(first.request.value.key.toString());
    });
  }

  /** Answers on one stream come in the order of the requests for one lease. */
  #tapRenewals(call: ReturnType<Channel['createCall']>): void {
    const sentAt = new Map<bigint, number[]>();
    interceptSend(call, (message) => {
      const { ID } = LeaseKeepAliveRequest.decode(message);
      sentAt.set(ID, [...(sentAt.get(ID) ?? []), nowMs()]);
    });
    interceptListener(call, {
      message: (bytes) => {
        const { ID, TTL } = LeaseKeepAliveResponse.decode(bytes);
        const at = sentAt.get(ID)?.shift();
        if (at !== undefined && TTL > 0n) this.#renewedAt.set(ID, at);
      },
    });
  }
}
