import { access } from 'node:fs/promises';
import { exampleConfig, insertAfter, replaceLines, setLines } from './config-text.js';
import { endsTls, type FrontKind, type FrontLimits, type FrontSettings, startsTls } from './settings.js';

const program = '/usr/sbin/nginx';
const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** nginx 1.22, with the modules that Debian packages. */
export const nginx: FrontKind = {
  name: 'nginx',
  program,
  args: (configFile, folder) => [
    ...['-p', folder, '-c', configFile],
    ...['-e', 'stderr', '-g', `daemon off; error_log stderr warn; pid ${folder}/nginx.pid;`],
  ],
  config: (settings) => (settings.mode === 'grpc' ? grpcConfig(settings) : tcpConfig(settings)),
  reloadSignal: 'SIGHUP',
  stopSignal: 'SIGQUIT',
  logsToOutput: false,
  async missing(mode) {
    if (!(await exists(program))) return 'nginx-light';
    return mode === 'tcp' && !(await exists(streamModule)) ? 'libnginx-mod-stream' : undefined;
  },
  // `proxy_ssl` of the stream module sends no ALPN.
  offersHttp2: (mode) => mode === 'grpc',
  lacks: [],
};

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function grpcConfig(settings: FrontSettings): Promise<string> {
  const { port, etcd, files, log, limits } = settings;
  const protocols = [endsTls(settings) && ' ssl', !limits.http1 && ' http2'].filter(Boolean).join('');
  const scheme = startsTls(settings) ? 'grpcs' : 'grpc';
  const certificates = endsTls(settings)
    ? [`ssl_certificate ${files.certificate};`, `ssl_certificate_key ${files.key};`]
    : [];
  let config = await exampleConfig('nginx-grpc.conf');
  config = replaceLines(config, 'worker_processes', 'worker_processes 1;');
  config = replaceLines(config, 'worker_shutdown_timeout', 'worker_shutdown_timeout 1s;');
  config = replaceLines(config, 'server 10.0.0.', `server ${etcd};`);
  config = replaceLines(config, 'listen', `listen 127.0.0.1:${port}${protocols};`);
  config = replaceLines(config, 'ssl_certificate', ...certificates);
  config = replaceLines(config, 'grpc_pass', `grpc_pass ${scheme}://etcd;`);
  config = replaceLines(
    config,
    'grpc_ssl_trusted_certificate',
    `grpc_ssl_trusted_certificate ${files.authority};`,
  );
  config = insertAfter(
    config,
    'http {',
    'log_format front "$status $uri $connection $bytes_sent";',
    `access_log ${log} front;`,
    ...temporaryFolders,
  );
  config = setLines(config, 'http2_max_concurrent_streams', serverLimits(limits));
  return setLines(config, 'grpc_pass', locationLimits(limits));
}

/** Below the prefix: those of the system may be written by root alone. */
const temporaryFolders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
  (name) => `${name}_temp_path temporary/${name};`,
);

function serverLimits(limits: FrontLimits): [string, string][] {
  const { idleSeconds, requestsPerConnection, concurrentStreams, bodyBytes, headerBytes } = limits;
  return directives({
    client_body_timeout: idleSeconds && `${idleSeconds}s`,
    keepalive_timeout: idleSeconds && `${idleSeconds}s`,
    keepalive_requests: requestsPerConnection,
    http2_max_concurrent_streams: concurrentStreams,
    client_max_body_size: bodyBytes,
    large_client_header_buffers: headerBytes && `4 ${headerBytes}`,
  });
}

function locationLimits({ idleSeconds, answerSeconds }: FrontLimits): [string, string][] {
  const readSeconds = answerSeconds ?? idleSeconds;
  return directives({
    grpc_read_timeout: readSeconds && `${readSeconds}s`,
    grpc_send_timeout: idleSeconds && `${idleSeconds}s`,
  });
}

async function tcpConfig(settings: FrontSettings): Promise<string> {
  const { port, etcd, files, log, limits } = settings;
  const ssl = endsTls(settings) ? ' ssl' : '';
  let config = await exampleConfig('nginx-tcp.conf');
  config = replaceLines(config, 'worker_processes', 'worker_processes 1;');
  config = replaceLines(config, 'worker_shutdown_timeout', 'worker_shutdown_timeout 1s;');
  config = replaceLines(config, 'server 10.0.0.', `server ${etcd};`);
  config = replaceLines(config, 'listen', `listen 127.0.0.1:${port}${ssl};`, ...tcpTls(settings, files));
  config = insertAfter(
    config,
    'stream {',
    'log_format front "$status - $connection $bytes_sent";',
    `access_log ${log} front;`,
  );
  return setLines(
    config,
    'proxy_pass',
    directives({ proxy_timeout: limits.idleSeconds && `${limits.idleSeconds}s` }),
  );
}

function tcpTls(settings: FrontSettings, files: FrontSettings['files']): string[] {
  return [
    ...(endsTls(settings)
      ? [`ssl_certificate ${files.certificate};`, `ssl_certificate_key ${files.key};`, 'ssl_alpn h2;']
      : []),
    ...(startsTls(settings)
      ? [
          'proxy_ssl on;',
          'proxy_ssl_verify on;',
          `proxy_ssl_trusted_certificate ${files.authority};`,
          'proxy_ssl_name localhost;',
        ]
      : []),
  ];
}

function directives(values: Readonly<Record<string, string | number | undefined>>): [string, string][] {
  return Object.entries(values).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[`${name} `, `${name} ${value};`]],
  );
}
