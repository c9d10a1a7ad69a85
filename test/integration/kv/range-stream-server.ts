import { once } from 'node:events';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { EtcdError } from '#src/errors/index.js';
import {
  KVService,
  type RangeRequest,
  type RangeResponse,
  type RangeStreamResponse,
} from '#src/gen/etcd/rpc.js';
import type { KvClient } from '#src/kv/index.js';
import { keyAfter } from '#src/model/index.js';

/**
 * A server with RangeStream in front of an etcd of any release: it forwards Range, and implements RangeStream with
 * ranges as etcd 3.7 does. It counts the streams and chunks, which etcd does not report.
 */
export class RangeStreamServer {
  readonly #server = new Server();
  readonly #kv: KvClient;
  readonly #chunkKeys: number;
  #port = 0;
  opened = 0;
  /** Chunks written and accepted by the transport. */
  written = 0;
  cancelled = 0;

  constructor(kv: KvClient, chunkKeys = 50) {
    this.#kv = kv;
    this.#chunkKeys = chunkKeys;
    const service = { range: KVService.range, rangeStream: KVService.rangeStream } as ServiceDefinition;
    this.#server.addService(service, {
      range: ((call: ServerUnaryCall<RangeRequest, RangeResponse>, answer: sendUnaryData<RangeResponse>) => {
        this.#range(call.request).then(
          (response) => answer(null, response),
          (error) => answer(asStatus(error)),
        );
      }) as UntypedHandleCall,
      rangeStream: ((call: ServerWritableStream<RangeRequest, RangeStreamResponse>) => {
        this.opened++;
        call.on('cancelled', () => this.cancelled++);
        this.#stream(call).catch((error) => call.emit('error', asStatus(error)));
      }) as UntypedHandleCall,
    });
  }

  get endpoint(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    this.#port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
    return this;
  }

  close(): void {
    this.#server.forceShutdown();
  }

  async #range(request: RangeRequest) {
    const range = {
      key: request.key,
      ...(request.rangeEnd.length > 0 ? { rangeEnd: request.rangeEnd } : {}),
    };
    const { limit, revision, keysOnly } = request;
    const answer = await this.#kv.range(range, { limit, revision, keysOnly });
    const header = { clusterId: 0n, memberId: 1n, revision: answer.revision, raftTerm: 1n };
    return { header, kvs: [...answer.kvs], more: answer.more, count: answer.count };
  }

  async #stream(call: ServerWritableStream<RangeRequest, RangeStreamResponse>): Promise<void> {
    let { key } = call.request;
    let { revision } = call.request;
    for (;;) {
      const page = await this.#range({ ...call.request, key, revision, limit: BigInt(this.#chunkKeys) });
      revision ||= page.header.revision;
      if (call.cancelled) return;
      const chunk = page.more ? { ...page, header: undefined, more: false, count: 0n } : page;
      const flows = call.write({ rangeResponse: chunk });
      this.written++;
      if (!page.more) break;
      key = keyAfter(page.kvs.at(-1)!.key);
      if (!flows) await Promise.race([once(call, 'drain'), once(call, 'cancelled')]);
    }
    call.end();
  }
}

function asStatus(error: unknown) {
  if (!(error instanceof EtcdError)) return { code: status.INTERNAL, details: String(error) };
  return { code: error.code, details: error.serverText ?? error.message };
}
