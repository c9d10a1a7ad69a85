// The command `etcd-naming ui` as a process, its sessions, and what it uses.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { reply } from '../harness/processes.mjs';

/**
 * Starts the command on a free port. Resolves when it prints its URL.
 * @param options.probe whether to load the probe, which `ask` needs.
 */
export async function startServer({ etcd, prefix, probe = true }) {
  const probeFile = fileURLToPath(new URL('server-probe.mjs', import.meta.url));
  const command = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
  const child = spawn(
    process.execPath,
    [
      ...(probe ? ['--expose-gc', '--import', probeFile] : []),
      ...[command, 'ui', '--endpoints', etcd.join(','), '--prefix', prefix, '--port', '0'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit', probe ? 'ipc' : 'ignore'] },
  );
  const url = new URL(await printedUrl(child));
  // Browsers resolve the name that is printed; Node may not.
  url.hostname = '127.0.0.1';
  return {
    child,
    origin: url.origin,
    /** Exchanges the token of the printed URL, which is possible once, so that each page can get a link of its own. */
    openSession: () => openSession(url),
    async ask(what, options) {
      const answer = reply(child);
      child.send({ ask: what, ...options });
      return (await answer).answer;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function printedUrl(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    const [url] = /http:\/\/\S+#\S+/.exec(line) ?? [];
    if (url === undefined) continue;
    child.stdout.resume();
    return url;
  }
  throw new Error('the command ended without a URL');
}

async function openSession({ origin, hash }) {
  const token = new URLSearchParams(hash.slice(1)).get('token') ?? hash.slice(1);
  const { session } = await post('/api/session', { token });
  return {
    headers: { authorization: `Bearer ${session}` },
    link: async () => (await post('/api/link', {}, session)).url,
  };

  async function post(path, body, bearer) {
    const response = await fetch(origin + path, {
      method: 'POST',
      headers: {
        origin,
        'content-type': 'application/json',
        ...(bearer && { authorization: `Bearer ${bearer}` }),
      },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}
