import { EtcdClient } from '#src/client/index.js';
import { op } from '#src/kv/index.js';
import type { EtcdHandle } from '#src/testing/index.js';
import { type TestBrowser, useBrowser } from '../../../../support/browser.js';
import type { BrowserTab, TabOptions } from '../../../../support/browser-tab.js';
import { useEtcd } from '../../../../support/etcd.js';
import { type CommandProcess, CommandRunner } from '../../support.js';
import { UiPage } from './page.js';

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

/** Options of {@link UiFixture.open}. */
export interface OpenOptions extends TabOptions {
  readonly args?: readonly string[];
  /** Added to the fragment, such as `&page=locks`. */
  readonly view?: string;
}

/** A running command and its page. */
export interface OpenedUi extends RunningUi {
  readonly tab: BrowserTab;
  readonly page: UiPage;
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
  async put(path: string, sample: Sample): Promise<void> {
    const { lease } = sample;
    await this.client.kv.put(this.prefix + path, encode(sample), lease === undefined ? {} : { lease });
  }

  /** Stores many records, as `[path, record]`. */
  async putAll(records: readonly (readonly [string, Sample])[]): Promise<void> {
    for (let i = 0; i < records.length; i += 100) {
      const part = records.slice(i, i + 100);
      await this.client.kv.txn({
        success: part.map(([path, sample]) => op.put(this.prefix + path, encode(sample))),
      });
    }
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

  /** Starts the command, opens its link, and waits until the page is live. */
  async open(options: OpenOptions = {}): Promise<OpenedUi> {
    const { args = [], view = '', ...tabOptions } = options;
    const running = await this.start(...args);
    const tab = await this.browser.open(running.link + view, tabOptions);
    const page = new UiPage(tab.page);
    await page.shows('Live');
    return { ...running, tab, page };
  }
}

/** Waits for the link that the command prints. */
export async function printedLink(command: CommandProcess): Promise<{ link: string; origin: string }> {
  await command.prints(/#token=\S+\s/);
  const link = /https?:\/\/\S+#token=\S+/.exec(command.stdout)?.[0] ?? '';
  return { link, origin: new URL(link).origin };
}

function encode({ addr, metadata }: Sample): string {
  return JSON.stringify({ Op: 0, Addr: addr, Metadata: metadata ?? null });
}
