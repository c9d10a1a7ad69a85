import { EtcdClient } from '#src/client/index.js';
import type { EtcdHandle } from '#src/testing/index.js';
import { type TestBrowser, useBrowser } from '../../../../support/browser.js';
import type { BrowserTab, TabOptions } from '../../../../support/browser-tab.js';
import { useEtcd } from '../../../../support/etcd.js';
import { type CommandProcess, CommandRunner } from '../../support.js';

/** A test with a browser takes longer than others when the machine is busy. */
const commandLifetimeMs = 120_000;

/** A record in Go's format. */
export interface Sample {
  readonly addr: string;
  readonly metadata?: unknown;
  /** The lease; none for a permanent record. */
  readonly lease?: bigint | undefined;
}

/** `etcd-naming ui` in a process of its own. */
export interface RunningUi {
  readonly command: CommandProcess;
  /** The URL that it printed, with the token in its fragment. */
  readonly link: string;
  readonly origin: string;
}

/**
 * A browser, an etcd, a client, and a new prefix for each test. Create it where hooks may be called; use it inside tests.
 */
export class UiFixture {
  client!: EtcdClient;
  /** Ends with a slash. */
  prefix!: string;
  readonly browser: TestBrowser;
  readonly etcd: () => EtcdHandle;
  readonly commands: CommandRunner;
  #round = 0;

  constructor(name: string) {
    this.browser = useBrowser();
    this.etcd = useEtcd();
    this.commands = new CommandRunner(
      () => ({ ETCDCTL_ENDPOINTS: this.etcd().endpoints.join(',') }),
      commandLifetimeMs,
    );

    beforeEach('a client, and a prefix of its own', () => {
      this.client = new EtcdClient({ endpoints: this.etcd().endpoints });
      this.prefix = `${this.etcd().prefix}${name}-${++this.#round}/`;
    });
    afterEach(() => this.client.close());
  }

  /** Stores a record; `path` is `service/id` below the prefix. */
  async put(path: string, { addr, metadata, lease }: Sample): Promise<void> {
    const value = JSON.stringify({ Op: 0, Addr: addr, Metadata: metadata ?? null });
    await this.client.kv.put(this.prefix + path, value, lease === undefined ? {} : { lease });
  }

  /** A lease that no test outlives. */
  async lease(): Promise<bigint> {
    return (await this.client.lease.grant({ ttlSeconds: 600 })).id;
  }

  /** Starts the command for the test's prefix, on a free port unless the arguments have another. */
  async start(...args: string[]): Promise<RunningUi> {
    const port = args.includes('--port') ? [] : ['--port', '0'];
    const command = this.commands.start('ui', '--prefix', this.prefix, ...port, ...args);
    return { command, ...(await printedLink(command)) };
  }

  /** Starts the command and opens its link. */
  async open(
    options: TabOptions & { readonly args?: readonly string[] } = {},
  ): Promise<BrowserTab & RunningUi> {
    const { args = [], ...tabOptions } = options;
    const ui = await this.start(...args);
    return Object.assign(await this.browser.open(ui.link, tabOptions), ui);
  }
}

/** Waits for the link that the command prints. */
export async function printedLink(command: CommandProcess): Promise<{ link: string; origin: string }> {
  await command.prints(/#token=\S+\s/);
  const link = /https?:\/\/\S+#token=\S+/.exec(command.stdout)?.[0] ?? '';
  return { link, origin: new URL(link).origin };
}
