import { GoProcess } from './go-process.js';

/** A `registry.ServiceInstance` of kratos. */
export interface KratosInstance {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly endpoints: readonly string[];
}

/** What kratos makes of a value. */
export interface KratosDecision {
  /** The address that its resolver reports; '' for none. */
  readonly addr: string;
  /** Whether it is an instance of the service. */
  readonly own: boolean;
  readonly error?: string;
  /** The value that Go writes for the instance. */
  readonly written: string;
}

/** The description of an application; its calls are answered with the id. */
export interface KratosApp extends Partial<KratosInstance> {
  readonly id: string;
  readonly name: string;
}

/** kratos's own application, transport and resolver, in a separate process. */
export class KratosProgram {
  readonly #process: GoProcess;

  private constructor(process: GoProcess) {
    this.#process = process;
  }

  /** @throws {GoMissingError} without a Go toolchain or kratos's modules. */
  static async start(endpoints: readonly string[]): Promise<KratosProgram> {
    return new KratosProgram(await GoProcess.start('kratos', [endpoints.join(',')]));
  }

  /** Runs an application with a gRPC server, which registers itself. */
  async serve(
    instance: KratosApp,
    { http = false, ttl = 30 }: { readonly http?: boolean; readonly ttl?: number } = {},
  ): Promise<{ readonly endpoints: readonly string[]; stop(): Promise<void> }> {
    const { id, reply } = this.#process.send({ cmd: 'serve', instance, http, ttl, deadlineMs: 10_000 });
    const endpoints = (await reply) as readonly string[];
    return {
      endpoints,
      stop: async () => {
        await this.#process.request({ cmd: 'stop', of: id, deadlineMs: 10_000 });
      },
    };
  }

  /** The instances that the registry lists, sorted by id. */
  async list(service: string): Promise<readonly KratosInstance[]> {
    const found = await this.#process.request({ cmd: 'list', service, deadlineMs: 10_000 });
    return [...(found as KratosInstance[])].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Opens a channel with kratos's resolver and balancer. */
  async dial(service: string) {
    const { id, reply } = this.#process.send({ cmd: 'dial', service, deadlineMs: 10_000 });
    await reply;
    /** Makes calls, one after the other. Returns the names of the servers that answered, sorted. */
    const answers = async (count: number): Promise<string> => {
      const result = await this.#process.request({ cmd: 'call', of: id, count, deadlineMs: 10_000 });
      const { answers, failures } = result as Record<'answers' | 'failures', Record<string, number>>;
      return [...Object.keys(answers), ...Object.keys(failures)].sort().join();
    };
    return { answers };
  }

  /** Decodes values, and passes each through kratos's resolver. */
  async decide(
    service: string,
    values: readonly (string | Uint8Array)[],
    secure: boolean,
  ): Promise<readonly KratosDecision[]> {
    const encoded = values.map((value) => Buffer.from(value).toString('base64'));
    const request = { cmd: 'decide', service, values: encoded, secure, deadlineMs: 10_000 };
    return (await this.#process.request(request)) as KratosDecision[];
  }

  close(): Promise<void> {
    return this.#process.close();
  }
}
