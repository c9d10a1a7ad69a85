#!/usr/bin/env node
// npm run campaign:observability: faults at known times, and what the alerts of examples/observability showed of them.
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EtcdClient } from '@org/etcd-naming';
import { startEtcdCluster } from '@org/etcd-naming/testing';

const help = `npm run campaign:observability [-- --scale 15 --only kill,drain]

A cluster of three with users, three registered servers and a caller, each in a process that serves its metrics by
examples/observability. A Prometheus (on PATH; Debian: apt-get install prometheus) scrapes them every second, with the
rules of alerts.yml, whose times (\`for\` and ranges, not thresholds) are divided by --scale. Faults follow each other, each
when no alert fires any more. Prints for each fault which alerts fired and ended when, in seconds after its begin, the
alerts that were expected and did not fire (MISSED), and those that no consequence of the fault explains (FALSE).
Exit code 1 with such alerts.`;

const { values } = parseArgs({
  options: { scale: { type: 'string', default: '15' }, only: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
if (spawnSync('prometheus', ['--version']).error) {
  console.error('there is no prometheus on PATH; Debian has it: apt-get install prometheus');
  process.exit(2);
}

const target = 'drill/service';
const scale = Number(values.scale);
const folder = mkdtempSync(join(tmpdir(), 'etcd-naming-drill-'));
const processes = new Map();
const permission = { prefix: 'drill/' };
const cluster = await startEtcdCluster({
  auth: {
    roles: { app: [{ access: 'readwrite', ...permission }] },
    users: { app: { password: 'a password of the drill', roles: ['app'] } },
  },
});
const root = new EtcdClient(cluster.clientOptions);
for (const name of ['server-0', 'server-1', 'server-2']) await start('server', name);
await start('caller', 'caller');
const prometheus = await startPrometheus();
const fired = watchAlerts();
console.log(`etcd ${cluster.version}, cluster of three; times of alerts.yml divided by ${scale}`);

/** What an outage of several seconds may cause besides what must be seen. */
const outage = ['MemberUnhealthy', 'EtcdDown', 'Retries', 'CallsSlow', 'TokenFailures', 'LeaseMarginLow'];
const lost = ['LeaseLost', 'NotRegistered', 'OwnershipLost', 'LossProtection', 'EndpointsDeparted'];
const member = cluster.members[0];
let leader;

const faults = [
  {
    name: 'kill',
    what: 'a member is killed, back after 15 s',
    expected: ['MemberUnhealthy'],
    possible: outage,
    run: async () => {
      await member.kill();
      await sleep(15_000);
      await member.restart();
    },
  },
  {
    name: 'pause',
    what: 'the leader is paused for 15 s',
    expected: ['MemberUnhealthy'],
    possible: [...outage, ...lost],
    run: async () => {
      leader = await cluster.leader();
      await leader.pause();
      await sleep(15_000);
      await leader.resume();
    },
  },
  {
    name: 'outage',
    what: 'all members are killed, back after 40 s',
    expected: [
      'EtcdDown',
      'MemberUnhealthy',
      'ViewStale',
      'WatchLag',
      'NotRegistered',
      'LeaseLost',
      'OwnershipLost',
    ],
    possible: [...outage, ...lost],
    run: async () => {
      await Promise.all(cluster.members.map((one) => one.kill()));
      await sleep(40_000);
      await Promise.all(cluster.members.map((one) => one.restart()));
    },
  },
  {
    name: 'crash',
    what: 'a server is killed (TTL 10 s)',
    expected: ['EndpointsDeparted lease-ended'],
    possible: [],
    run: async () => {
      const { child } = processes.get('server-1');
      child.kill('SIGKILL');
      await sleep(12_000);
    },
    repair: () => start('server', 'server-1'),
  },
  {
    name: 'drain',
    what: 'a server drains and ends',
    expected: [],
    possible: [],
    run: async () => {
      const { child } = processes.get('server-1');
      child.send({ command: 'drain' });
      await once(child, 'exit');
      await sleep(3_000);
    },
    repair: () => start('server', 'server-1'),
  },
  {
    name: 'delete',
    what: 'an operator deletes a record',
    expected: ['EndpointsDeparted deleted'],
    possible: ['NotRegistered'],
    run: async () => {
      await root.kv.delete({ prefix: `${target}/server-0` });
      await sleep(3_000);
    },
  },
  {
    name: 'wipe',
    what: 'the store is wiped',
    expected: ['LeaseLost'],
    possible: [...outage, ...lost, 'WatchCompacted', 'ViewStale', 'WatchLag'],
    run: async () => {
      await cluster.wipe();
      await sleep(3_000);
    },
  },
  {
    name: 'compact',
    what: 'a reader stops, 1,000 events, a compaction, the reader continues',
    expected: ['SlowReader', 'WatchCompacted'],
    possible: [],
    run: async () => {
      const { child } = processes.get('caller');
      child.send({ command: 'slow' });
      for (let i = 0; i < 10; i++)
        await Promise.all(Array.from({ length: 100 }, (_, k) => root.kv.put(`${target}-slow/${k}`, 'x')));
      await sleep(10_000);
      await cluster.members[0].compact();
      child.send({ command: 'fast' });
      await sleep(3_000);
    },
  },
  {
    name: 'permission',
    what: 'the role loses its permission for 20 s',
    expected: ['CallsRefused'],
    possible: [...lost, 'ViewStale', 'WatchLag', 'Retries'],
    run: async () => {
      await root.auth.roles.revokePermission('app', permission);
      await sleep(20_000);
      await root.auth.roles.grantPermission('app', 'readwrite', permission);
    },
  },
];

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end().finally(() => process.exit(1)));

const only = values.only?.split(',');
let wrong = 0;
const rows = [];
try {
  await quiet(30);
  for (const fault of faults.filter(({ name }) => !only || only.includes(name))) await drill(fault);
} finally {
  print();
  await end();
}
process.exitCode = wrong > 0 ? 1 : 0;

async function drill({ what, expected, possible, run, repair }) {
  const began = Date.now();
  fired.length = 0;
  console.log(`${new Date(began).toISOString()} ${what}`);
  await run();
  const tookS = (Date.now() - began) / 1_000;
  await repair?.();
  await quiet(120);
  const names = [...new Set(fired.map(({ text }) => text))];
  const missed = expected.filter((one) => !names.some((text) => text === one || text.startsWith(`${one} `)));
  const false_ = names.filter(
    (text) => ![...expected, ...possible].some((one) => text === one || text.startsWith(`${one} `)),
  );
  wrong += missed.length + false_.length;
  rows.push({ what, tookS, alerts: spans(began), missed, false_ });
  printRow(rows.at(-1));
}

/** The alerts by name and instance, with the first begin and the last end in seconds. */
function spans(began) {
  const seconds = (time) => ((time - began) / 1_000).toFixed(0);
  const byText = Map.groupBy?.(fired, ({ text }) => text) ?? group(fired);
  return [...byText].map(([text, all]) => {
    const from = Math.min(...all.map(({ from }) => from));
    const to = Math.max(...all.map(({ to }) => to ?? Date.now()));
    const where = [...new Set(all.map(({ instance }) => instance))].filter(Boolean).sort().join(', ');
    return `${text} ${seconds(from)}–${seconds(to)} s${where ? ` (${where})` : ''}`;
  });
}

function group(all) {
  const groups = new Map();
  for (const one of all) groups.set(one.text, [...(groups.get(one.text) ?? []), one]);
  return groups;
}

function print() {
  console.log(
    '\n| Fault | Took | Alerts: from–to after its begin (where) | Missed | False |\n|---|---|---|---|---|',
  );
  for (const { what, tookS, alerts, missed, false_ } of rows)
    console.log(
      `| ${what} | ${tookS.toFixed(0)} s | ${alerts.join('; ') || 'none'} | ${missed.join(', ') || '–'} | ${false_.join(', ') || '–'} |`,
    );
  console.log(`\n${wrong} alerts missed or false`);
}

function printRow({ alerts, missed, false_ }) {
  for (const text of alerts) console.log(`  ${text}`);
  for (const text of missed) console.log(`  MISSED ${text}`);
  for (const text of false_) console.log(`  FALSE ${text}`);
}

async function start(role, name) {
  const clientOptions = cluster.clientOptionsOf('app');
  const child = fork(fileURLToPath(new URL('./campaign-observability-process.mjs', import.meta.url)), {
    env: { ...process.env, DRILL: JSON.stringify({ role, name, clientOptions, target }) },
  });
  const [{ port }] = await once(child, 'message');
  processes.set(name, { child, port });
  writeTargets();
}

/** Prometheus reads the file again when it changes. */
function writeTargets() {
  const targets = [...processes].map(([name, { port }]) => ({
    targets: [`127.0.0.1:${port}`],
    labels: { job: 'drill', instance: name },
  }));
  writeFileSync(join(folder, 'targets.new'), JSON.stringify(targets));
  renameSync(join(folder, 'targets.new'), join(folder, 'targets.json'));
}

async function startPrometheus() {
  const { freePorts } = await import('../build/src/testing/ports.js');
  const rules = readFileSync(new URL('../examples/observability/alerts.yml', import.meta.url), 'utf8');
  const scaled = rules.replace(/(for: |\[)(\d+)(s|m)/g, (_, before, number, unit) => {
    const seconds = Number(number) * (unit === 'm' ? 60 : 1);
    return `${before}${Math.max(1, Math.round(seconds / scale))}s`;
  });
  writeFileSync(join(folder, 'alerts.yml'), scaled);
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: [alerts.yml]
scrape_configs:
  - job_name: drill
    file_sd_configs: [{ files: [targets.json], refresh_interval: 1s }]
`,
  );
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const args = [
    '--config.file=prometheus.yml',
    '--storage.tsdb.path=data',
    `--web.listen-address=${address}`,
  ];
  const child = spawn('prometheus', [...args, '--log.level=error'], { cwd: folder, stdio: 'inherit' });
  const url = `http://${address}`;
  for (let i = 0; i < 100; i++) {
    if (
      await fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return { child, url };
    await sleep(100);
  }
  throw new Error('Prometheus does not become ready');
}

/** Records the alerts that fire, from now on: those that end get the time. */
function watchAlerts() {
  const list = [];
  const open = new Map();
  const poll = async () => {
    const { data } = await (await fetch(`${prometheus.url}/api/v1/alerts`)).json();
    const now = Date.now();
    const firing = data.alerts.filter(({ state }) => state === 'firing');
    const keys = new Set(firing.map(({ labels }) => JSON.stringify(labels)));
    for (const [key, one] of open)
      if (!keys.has(key)) {
        one.to = now;
        open.delete(key);
      }
    for (const { labels } of firing) {
      const key = JSON.stringify(labels);
      if (open.has(key)) continue;
      const reason = labels.etcd_naming_reason ? ` ${labels.etcd_naming_reason}` : '';
      const one = {
        text: labels.alertname.replace('EtcdNaming', '') + reason,
        instance: labels.instance,
        from: now,
      };
      open.set(key, one);
      list.push(one);
    }
    list.open = open.size;
  };
  list.open = 0;
  list.timer = setInterval(() => poll().catch(() => {}), 250);
  return list;
}

/** Waits until no alert has fired for two windows. Throws after the timeout. */
async function quiet(seconds) {
  const deadline = Date.now() + seconds * 1_000;
  let since = Date.now();
  while (Date.now() - since < 4_000) {
    if (fired.open > 0) since = Date.now();
    if (Date.now() > deadline) {
      console.log(`  alerts still fire after ${seconds} s`);
      return;
    }
    await sleep(100);
  }
}

async function end() {
  clearInterval(fired.timer);
  for (const { child } of [...processes.values(), prometheus]) child.kill('SIGKILL');
  await root.close();
  await cluster.close();
  rmSync(folder, { recursive: true, force: true });
}
