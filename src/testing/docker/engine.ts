import type { ContainerRuntimeClient, GenericContainer, StartedNetwork } from 'testcontainers';

/** A container of dockerode. */
export type Container = ReturnType<ContainerRuntimeClient['container']['getById']>;

type Library = typeof import('testcontainers');

/** The only user of testcontainers, which is an optional peer and so loaded only for Docker. */
export class DockerEngine {
  /** The host of published ports. */
  readonly host: string;
  readonly #library: Library;
  readonly #client: ContainerRuntimeClient;

  private constructor(library: Library, client: ContainerRuntimeClient) {
    this.#library = library;
    this.#client = client;
    const { host } = client.info.containerRuntime;
    // Ports are published on IPv4, and 'localhost' may resolve to ::1 first.
    this.host = host === 'localhost' ? '127.0.0.1' : host;
  }

  /** Rejects immediately when testcontainers is not installed or no engine runs. */
  static async connect(): Promise<DockerEngine> {
    // The reaper needs its own image, which cannot be pulled without a registry, and our containers are removed without
    // it. Set the variable to 'false' to enable it.
    process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
    const library = await import('testcontainers');
    return new DockerEngine(library, await library.getContainerRuntimeClient());
  }

  /** Pulls the image, unless the engine has it. */
  async ensureImage(image: string): Promise<void> {
    await this.#client.image.pull(this.#library.ImageName.fromString(image));
  }

  newContainer(image: string): GenericContainer {
    return new this.#library.GenericContainer(image);
  }

  async newNetwork(): Promise<StartedNetwork> {
    return new this.#library.Network().start();
  }

  container(id: string): Container {
    return this.#client.container.getById(id);
  }

  async withLabel(label: string): Promise<Container[]> {
    const { dockerode } = this.#client.container;
    const found = await dockerode.listContainers({ all: true, filters: JSON.stringify({ label: [label] }) });
    return found.map(({ Id }) => this.container(Id));
  }

  /** The output of a container so far. Without a terminal the engine puts an eight-byte header before each chunk. */
  async output(container: Container): Promise<string> {
    const framed = await container.logs({ stdout: true, stderr: true, follow: false });
    let text = '';
    for (let at = 0; at + 8 <= framed.length; ) {
      const end = at + 8 + framed.readUInt32BE(at + 4);
      text += framed.toString('utf8', at + 8, end);
      at = end;
    }
    return text;
  }

  /** The output of a container since `sinceSeconds` (Unix time). Does not keep the process alive. */
  async follow(container: Container, sinceSeconds: number): Promise<NodeJS.ReadableStream> {
    return this.#client.container.logs(container, { since: sinceSeconds });
  }
}
