import { access } from 'node:fs/promises';
import { exampleConfig, insertAfter, replaceLines, setLines } from './config-text.js';
import { endsTls, type FrontKind, type FrontLimits, type FrontSettings, startsTls } from './settings.js';

const program = '/usr/sbin/haproxy';

/** HAProxy 2.6 as master and worker. */
export const haproxy: FrontKind = {
  name: 'haproxy',
  program,
  args: (configFile) => ['-W', '-db', '-f', configFile],
  config,
  reloadSignal: 'SIGUSR2',
  stopSignal: 'SIGUSR1',
  logsToOutput: true,
  missing: () =>
    access(program).then(
      () => undefined,
      () => 'haproxy',
    ),
  offersHttp2: () => true,
  // `tune.h2.fe.max-total-streams` is of 2.9; a body without a length is never refused by its size.
  lacks: ['requestsPerConnection', 'bodyBytes'],
};

async function config(settings: FrontSettings): Promise<string> {
  const { mode, etcd, limits } = settings;
  let text = await exampleConfig(`haproxy-${mode}.cfg`);
  text = replaceLines(
    text,
    'hard-stop-after',
    'hard-stop-after 1s',
    'nbthread 1',
    'log stdout format raw daemon',
  );
  text = replaceLines(text, 'bind', bind(settings));
  text = replaceLines(text, 'default-server', defaultServer(settings));
  text = replaceLines(text, 'server ', `server m0 ${etcd}`);
  text = insertAfter(
    text,
    'mode',
    'log global',
    `log-format "${mode === 'grpc' ? '%ST %HP' : '%ts -'} %ci:%cp %B"`,
  );
  text = setLines(text, 'mode', timeouts(mode, limits));
  return setLines(text, 'global', globals(limits));
}

function bind(settings: FrontSettings): string {
  const { mode, port, files, limits } = settings;
  const address = `bind 127.0.0.1:${port}`;
  // Without `proto h1`, HAProxy detects HTTP/2 by its first bytes.
  const protocol = limits.http1 ? 'proto h1' : 'proto h2';
  if (endsTls(settings)) return `${address} ssl crt ${files.pair} ${limits.http1 ? protocol : 'alpn h2'}`;
  return mode === 'tcp' ? address : `${address} ${protocol}`;
}

function defaultServer(settings: FrontSettings): string {
  const check = 'default-server check inter 500ms';
  if (startsTls(settings))
    return `${check} ssl verify required ca-file ${settings.files.authority} verifyhost localhost alpn h2`;
  return settings.mode === 'tcp' ? check : `${check} proto h2`;
}

function timeouts(
  mode: FrontSettings['mode'],
  { idleSeconds, answerSeconds }: FrontLimits,
): [string, string][] {
  const lines: [string, number | undefined][] = [
    ['timeout client', idleSeconds],
    ['timeout server', answerSeconds ?? idleSeconds],
    ...(mode === 'grpc' ? [['timeout http-keep-alive', idleSeconds] as [string, number | undefined]] : []),
  ];
  return lines.flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[`${name} `, `${name} ${value}s`]],
  );
}

function globals({ concurrentStreams, headerBytes }: FrontLimits): [string, string][] {
  const name = 'tune.h2.max-concurrent-streams';
  return [
    ...(concurrentStreams === undefined ? [] : [[name, `${name} ${concurrentStreams}`] as [string, string]]),
    ...(headerBytes === undefined
      ? []
      : [['tune.bufsize', `tune.bufsize ${bufferFor(headerBytes)}`] as [string, string]]),
  ];
}

/** A smaller buffer cannot hold a frame of HTTP/2. */
function bufferFor(headerBytes: number): number {
  return Math.max(16_384, headerBytes);
}
