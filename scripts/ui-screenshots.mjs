#!/usr/bin/env node
// npm run ui:screenshots: draws the page of `etcd-naming ui` with the services of a sample company, in Chromium.
// Writes build/ui-screenshots/*.png; with --docs also docs/images/ui.png. Needs an etcd and a Chromium.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findChromium, launch } from '../build/test/support/chromium.js';
import { startCompany } from './ui-screenshots/cluster.mjs';

const root = join(fileURLToPath(import.meta.url), '../..');
const folder = join(root, 'build/ui-screenshots');
const inDocs = join(root, 'docs/images/ui.png');
const maxDocsBytes = 150_000;
const main = join(root, 'dist/cli.js');
const wide = { width: 1280, height: 800 };
/** Of the picture in the documentation, which has little empty space. */
const inText = { width: 1010, height: 650 };
const narrow = { width: 360, height: 740 };
/** The time that is left of the lease of an instance, in the list. */
const leaseLeft = /^\d+ s of 30 s$/;
const { values } = parseArgs({ options: { docs: { type: 'boolean' } } });

const program = await findChromium();
if (program === undefined) {
  console.error('there is no Chromium; CHROME_BIN=/path/to/it chooses one');
  process.exit(1);
}
mkdirSync(folder, { recursive: true });
const company = await startCompany();
const browser = await launch(program);
const commands = [];
try {
  await draw();
} finally {
  for (const command of commands) await stop(command);
  await browser.close();
  await company.close();
}

async function draw() {
  const page = await openPage(await startUi());
  const released = await release();
  await shoot(page, 'list', 'page=services', 'shop/checkout');
  await shoot(page, 'service', 'page=endpoints&service=shop/search', leaseLeft);
  await shoot(page, 'details', `page=endpoints&service=shop/payments&selected=${released}`, leaseLeft);
  await shoot(page, 'locks', 'page=locks', 'jobs/nightly-settlement');
  await shoot(page, 'members', 'page=members', 'm2');
  await drawDepartures(page);
  await drawVariants(page);
  await drawOutage(page);
}

/** An instance of shop/payments gets a new version and drains, another one is replaced. Returns the key of the first. */
async function release() {
  const { kvs } = await company.client.kv.range({ prefix: 'shop/payments/' });
  const [first, second] = kvs;
  await rewrite(first, { version: '4.19.0' });
  await rewrite(first, { version: '4.19.0', weight: 50 });
  await rewrite(second, { status: 'draining' });
  await company.client.kv.delete(second.key);
  await rewrite(first, { version: '4.19.0', weight: 50, status: 'draining' });
  return String(first.key);
}

async function rewrite({ key, value, lease }, fields) {
  const record = JSON.parse(value);
  Object.assign(record.Metadata, fields);
  await company.client.kv.put(key, JSON.stringify(record), { lease });
}

/** What happens to services: a process that is killed, and a record that is deleted while its owner lives. */
async function drawDepartures(page) {
  const victim = await register('shop/payments', 'payments-card-terminal-1', '10.42.5.77:8443');
  victim.kill('SIGKILL');
  await shoot(page, 'timeline-kill', 'page=timeline&service=shop/payments', /lease ended/i);
  const { kvs } = await company.client.kv.range({ prefix: 'shop/shipping/' });
  await company.client.kv.delete(kvs[1].key);
  await shoot(page, 'timeline-delete', 'page=timeline&service=shop/shipping', /deleted/i);
}

async function drawVariants(page) {
  await page.emulateMedia({ colorScheme: 'dark' });
  await shoot(page, 'dark', 'page=endpoints&service=shop/search', leaseLeft);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(narrow);
  await shoot(page, 'narrow', 'page=endpoints&service=shop/search', 'draining');
  await shoot(page, 'narrow-list', 'page=services', 'shop/checkout');
  await page.setViewportSize(wide);
}

async function drawOutage(page) {
  await Promise.all(company.cluster.members.map((member) => member.kill()));
  await shoot(page, 'etcd-away', 'page=endpoints&service=shop/search', /for [3-9] s; showing the state/);
  await Promise.all(company.cluster.members.map((member) => member.restart()));
}

/** Goes to a view, waits for a text in it and for fonts and transitions, and writes the picture. */
async function shoot(page, name, fragment, text) {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, fragment);
  await page.getByText(text).first().waitFor();
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path });
  console.log(`wrote ${path}`);
  if (values.docs && name === 'timeline-kill') await writeForDocs(page);
}

/** The package contains it, so its size is bounded. */
async function writeForDocs(page) {
  await page.setViewportSize(inText);
  await page.screenshot({ path: inDocs });
  await page.setViewportSize(wide);
  const { size } = statSync(inDocs);
  console.log(`wrote ${inDocs}, ${size} bytes`);
  if (size > maxDocsBytes) throw new Error(`${inDocs} has more than ${maxDocsBytes} bytes`);
}

async function openPage(link) {
  const context = await browser.newContext({ viewport: wide, colorScheme: 'light', reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(link);
  return page;
}

/** A supervised process that can be killed. Its program, `cat`, ends with its input. Resolves when it is registered. */
async function register(service, id, addr) {
  const args = ['register', service, '--addr', addr, '--id', id, '--zone', 'eu-1a', '--ttl', '2'];
  const command = start([...args, '--no-ready-check', '--', 'cat']);
  const key = `${service}/${id}`;
  while ((await company.client.kv.get(key)).kv === undefined)
    await new Promise((next) => setTimeout(next, 50));
  return command;
}

async function startUi() {
  const command = start(['ui', '--port', '0']);
  let printed = '';
  for await (const bytes of command.stdout) {
    printed += bytes;
    const link = /http:\S+#token=\S+(?=\s)/.exec(printed);
    if (link) return link[0];
  }
  throw new Error(`the command ended: ${printed}`);
}

function start(args) {
  const command = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ETCDCTL_ENDPOINTS: company.cluster.endpoints.join(',') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  commands.push(command);
  return command;
}

async function stop(command) {
  command.stdin.destroy();
  if (command.exitCode !== null || command.signalCode !== null) return;
  command.kill('SIGKILL');
  await once(command, 'exit');
}
