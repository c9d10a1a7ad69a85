// Runs an etcd for the other examples until Ctrl-C: a binary, a Docker container, or a download. Its data is temporary.
// Usage: node main.js
import { once } from 'node:events';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEtcd } from '@org/etcd-naming/testing';

await using etcd = await startEtcd();
const [endpoint = ''] = etcd.endpoints;
const examples = relative(process.cwd(), fileURLToPath(new URL('..', import.meta.url)));

console.log(
  `etcd ${etcd.version} (${etcd.source}) listens at ${endpoint} until Ctrl-C. In other terminals:\n`,
);
console.log(`  node hello.mjs ${endpoint}   # the file of the README's first call`);
for (const file of ['plain/main.js', 'greeter/server.js', 'greeter/client.js', 'weights/main.js'])
  console.log(`  node ${join(examples, file)} ${endpoint}`);
console.log(`  npx etcd-naming ls --endpoints ${endpoint}`);

const running = setInterval(() => {}, 60_000); // neither an etcd nor a signal handler keeps the process alive
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
clearInterval(running);
