import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import { createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { EndpointPicker, type EtcdClient, type PickedEndpoint } from '@org/etcd-naming';

interface Connection {
  readonly transport: Transport;
  readonly session: Http2SessionManager;
}

/** A transport of connect that sends each request to the next endpoint of a service in etcd. */
export class BalancedTransport implements Transport, Disposable {
  readonly #connections = new Map<PickedEndpoint, Connection>();
  readonly #picker: EndpointPicker;

  constructor(client: EtcdClient, target: string) {
    this.#picker = new EndpointPicker(client, target, {
      onRemoved: (endpoint) => this.#disconnect(endpoint),
    });
  }

  /** Resolves once so many endpoints are known. */
  ready(minEndpoints = 1): Promise<void> {
    return this.#picker.ready({ minEndpoints });
  }

  readonly unary: Transport['unary'] = (...args) =>
    this.#withEndpoint(args[1], (transport) => transport.unary(...args));

  /** A stream that fails after it began does not count as a failure of its endpoint. */
  readonly stream: Transport['stream'] = (...args) =>
    this.#withEndpoint(args[1], (transport) => transport.stream(...args));

  [Symbol.dispose](): void {
    this.#picker.close();
  }

  async #withEndpoint<T>(
    signal: AbortSignal | undefined,
    send: (transport: Transport) => Promise<T>,
  ): Promise<T> {
    const endpoint = this.#pick();
    try {
      return await send(this.#connectionTo(endpoint).transport);
    } catch (thrown) {
      const error = ConnectError.from(thrown);
      if (!connectionFailed(error, signal)) throw error;
      endpoint.markUnhealthy();
      throw new ConnectError(error.rawMessage, Code.Unavailable, error.metadata, undefined, error);
    }
  }

  /** Without an endpoint the call fails as it does with gRPC. */
  #pick(): PickedEndpoint {
    try {
      return this.#picker.pick();
    } catch (error) {
      throw ConnectError.from(error, Code.Unavailable);
    }
  }

  #connectionTo(endpoint: PickedEndpoint): Connection {
    const known = this.#connections.get(endpoint);
    if (known) return known;
    const baseUrl = `http://${endpoint.addr}`;
    const session = new Http2SessionManager(baseUrl);
    const transport = createConnectTransport({ baseUrl, httpVersion: '2', sessionManager: session });
    const connection = { transport, session };
    this.#connections.set(endpoint, connection);
    return connection;
  }

  /** The address is no longer registered: a server that drained has no requests in progress. */
  #disconnect(endpoint: PickedEndpoint): void {
    this.#connections.get(endpoint)?.session.abort();
    this.#connections.delete(endpoint);
  }
}

/**
 * Whether a request failed because its connection did, and not by an answer of the server. connect-node 2.1 reports a
 * connection that ends as `internal`, `aborted` or, if the server reset the stream, `canceled`.
 */
function connectionFailed({ code, cause }: ConnectError, signal: AbortSignal | undefined): boolean {
  if (code === Code.Canceled) return !signal?.aborted;
  if (code === Code.DeadlineExceeded) return false;
  return code === Code.Unavailable || (cause instanceof Error && 'code' in cause); // an error of Node's
}
