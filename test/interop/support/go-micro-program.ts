import type { JsonValue } from '#src/naming/index.js';
import { GoProcess } from './go-process.js';

/** A `registry.Service` of go-micro. */
export interface GoMicroService {
  readonly name: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly endpoints: readonly JsonValue[] | null;
  readonly nodes: readonly {
    readonly id: string;
    readonly address: string;
    readonly metadata: Readonly<Record<string, string>> | null;
  }[];
}

/** What go-micro makes of a value. */
export interface GoMicroDecision {
  readonly addrs: readonly string[];
  /** The value that Go writes for the service. */
  readonly written: string;
}

/** A Go program that stores and reads services as go-micro's etcd registry does. */
export class GoMicroProgram {
  readonly #process: GoProcess;

  private constructor(process: GoProcess) {
    this.#process = process;
  }

  /** @throws {GoMissingError} without a Go toolchain. */
  static async start(endpoints: readonly string[]): Promise<GoMicroProgram> {
    return new GoMicroProgram(await GoProcess.start('go-micro', [endpoints.join(',')]));
  }

  /** Starts and registers a gRPC server, whose calls are answered with the id of its node. */
  async serve(
    name: string,
    node: string,
    { version = 'latest', ttl = 30 }: { readonly version?: string; readonly ttl?: number } = {},
  ): Promise<{ readonly service: GoMicroService; stop(): Promise<void> }> {
    const request = { cmd: 'serve', name, node, version, ttl, deadlineMs: 10_000 };
    const { id, reply } = this.#process.send(request);
    const service = (await reply) as GoMicroService;
    return {
      service,
      stop: async () => {
        await this.#process.request({ cmd: 'stop', of: id, deadlineMs: 10_000 });
      },
    };
  }

  /** The service, once per version. */
  async get(name: string): Promise<readonly GoMicroService[]> {
    return (await this.#process.request({ cmd: 'get', name, deadlineMs: 10_000 })) as GoMicroService[];
  }

  /** Calls each node of the service. Returns the names of the servers that answered, sorted. */
  async ask(name: string): Promise<string> {
    return ((await this.#process.request({ cmd: 'ask', name, deadlineMs: 10_000 })) as string[]).join();
  }

  async decide(values: readonly (string | Uint8Array)[]): Promise<readonly GoMicroDecision[]> {
    const encoded = values.map((value) => Buffer.from(value).toString('base64'));
    const request = { cmd: 'decide', values: encoded, deadlineMs: 10_000 };
    return (await this.#process.request(request)) as GoMicroDecision[];
  }

  close(): Promise<void> {
    return this.#process.close();
  }
}
