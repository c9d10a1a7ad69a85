import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EtcdClient } from '#src/client/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { freePorts } from '#src/testing/ports.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { skipIfExternal } from '../../support/etcd.js';
import { outputPattern, PageProgram } from '../../support/page-program.js';
import { allPages } from '../../support/pages.js';
import { proxyVariables } from '../../support/proxy.js';
import {
  checkJavaScript,
  compileSnippets,
  programFile,
  type Snippet,
  snippetOf,
  snippetsOf,
} from '../../support/snippets.js';

const timeoutMs = 60_000;
const cli = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));
const snippets = allPages()
  .filter((page) => page === 'README.md' || page.startsWith('docs/'))
  .flatMap(snippetsOf);

/** The page whose steps are run in their order, by a test of its own. */
const runbooks = 'docs/admin.md';

/** Programs that need a server, and that server. */
const servers: Readonly<Record<string, Snippet>> = {
  'docs/clients.md client': snippetOf('docs/servers.md', 'server'),
  'docs/getting-started.md caller': snippetOf('docs/getting-started.md', 'server'),
  'docs/getting-started.md list': snippetOf('docs/getting-started.md', 'server'),
};

/** The shell of `sh` programs, in which `npx etcd-naming` is the command of the checkout. */
const shell = `set -e\nnpx() { [ "$1" = etcd-naming ] && shift && "${process.execPath}" "${cli}" "$@"; }\n`;

describe('the programs of the pages', function () {
  this.timeout(timeoutMs);
  let etcd: EtcdHandle;
  let folder = '';
  let port = 0;
  const running: PageProgram[] = [];

  before(async function () {
    // The programs use fixed names, without the prefix of the tests.
    skipIfExternal(this);
    this.timeout(120_000);
    etcd = await startEtcd();
    [port = 0] = await freePorts(1);
    folder = compileSnippets(snippets, adapt);
  });

  afterEach(async () => {
    for (const program of running.splice(0)) await program.stop();
    await using client = new EtcdClient({ endpoints: etcd.endpoints });
    await client.kv.delete({ prefix: '' });
  });

  after(async () => {
    await etcd?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A program with the addresses of the test. */
  const adapt = (code: string): string =>
    code
      .replaceAll('127.0.0.1:2379', etcd.endpoints[0] ?? '')
      .replaceAll('0.0.0.0:50051', `0.0.0.0:${port}`)
      .replaceAll('127.0.0.1:50051', `127.0.0.1:${port}`);

  /** Starts a program in an environment with an HTTP proxy that is down. */
  async function start(snippet: Snippet): Promise<PageProgram> {
    const command =
      snippet.language === 'sh'
        ? ['bash', '-c', shell + adapt(snippet.code)]
        : [process.execPath, programFile(folder, snippet)];
    const program = new PageProgram(command, folder, {
      ...process.env,
      ETCDCTL_ENDPOINTS: etcd.endpoints[0],
      ...proxyVariables(await deadEndpoint()),
    });
    running.push(program);
    return program;
  }

  async function serverFor({ page, name }: Snippet): Promise<PageProgram | undefined> {
    const server = servers[`${page} ${name}`];
    if (!server) return undefined;
    const program = await start(server);
    await program.prints(outputPattern(server.output!));
    return program;
  }

  const programs = snippets.filter(
    ({ page, name, mode }) => mode !== 'compiled' && name !== 'service' && page !== runbooks,
  );
  for (const snippet of programs) {
    it(`${snippet.page} ${snippet.name}: runs, and prints what the page says`, async () => {
      await serverFor(snippet);
      const program = await start(snippet);
      const expected = outputPattern(snippet.output ?? '');
      if (snippet.mode !== 'ends') await program.prints(expected);
      if (snippet.mode === 'until-output') return;
      if (snippet.mode === 'until-SIGTERM') program.kill('SIGTERM');
      await program.ended();
      assert.match(program.text.trim(), new RegExp(`${expected.source}$`));
    });
  }

  it('in JavaScript call functions with the arguments that the declarations require', () => {
    checkJavaScript(folder);
  });

  it('the server of docs/servers.md deletes its record on SIGTERM', async () => {
    const snippet = snippetOf('docs/servers.md', 'server');
    const server = await start(snippet);
    await server.prints(outputPattern(snippet.output!));
    await using client = new EtcdClient({ endpoints: etcd.endpoints });
    const manager = new EndpointManager(client, 'foo/bar/my-service');
    assert.equal((await manager.list()).size, 1);
    server.kill('SIGTERM');
    await server.ended();
    assert.equal((await manager.list()).size, 0);
  });
});
