import { Channel, credentials, experimental, type ServiceConfig } from '@grpc/grpc-js';
import { NamingError } from '../errors.js';

/**
 * A service config as gRPC documents it, in JSON; one that names no load balancing policy gets the policy given.
 * It is held against grpc-js's own rules: what breaks them would otherwise throw out of each call.
 * @param where Where it is stored, for the error.
 * @throws {NamingError} saying what is wrong with it.
 */
export function parseServiceConfig(
  text: string,
  policy: ServiceConfig['loadBalancingConfig'],
  where?: string,
): ServiceConfig {
  try {
    const json = JSON.parse(text);
    checkDurations(json);
    checkWithChannel(text);
    const { loadBalancingConfig = [], methodConfig = [] } = json as Partial<ServiceConfig>;
    const policies = loadBalancingConfig.length === 0 ? policy : loadBalancingConfig;
    if (!experimental.selectLbConfigFromList(policies)) throw new TypeError('no policy in it is known here');
    return { ...json, loadBalancingConfig: policies, methodConfig: methodConfig.map(withTimeout) };
  } catch (error) {
    // Without it as the cause: it quotes what others wrote.
    const place = where === undefined ? '' : `'${where}': `;
    throw new NamingError(`${place}not a service config: ${(error as Error).message}`);
  }
}

const durationsOfMethod: readonly (readonly string[])[] = [
  ['timeout'],
  ['retryPolicy', 'initialBackoff'],
  ['retryPolicy', 'maxBackoff'],
  ['hedgingPolicy', 'hedgingDelay'],
];

/** grpc-js says "invalid timeout" alone, and not of which method. */
function checkDurations(json: Partial<ServiceConfig> | null): void {
  if (!Array.isArray(json?.methodConfig)) return;
  for (const [i, config] of json.methodConfig.entries()) {
    for (const path of durationsOfMethod) {
      const value = path.reduce<unknown>(
        (from, name) => (from as Record<string, unknown> | null)?.[name],
        config,
      );
      const isText = typeof value === 'string' || typeof value === 'number';
      if (isText && !isDuration(String(value)))
        throw wrongDuration(`methodConfig[${i}].${path.join('.')}`, value);
    }
  }
}

function isDuration(text: string): boolean {
  return /^\d+(\.\d{1,9})?s$/.test(text);
}

function wrongDuration(name: string, value: unknown): TypeError {
  const example = isDuration(`${value}s`) ? `"${value}s"` : 'seconds, such as "1.5s"';
  return new TypeError(`${name} is ${JSON.stringify(value)}; write ${example}`);
}

/**
 * The fields of a service config that grpc-js 1.14 reads past, by their path, such as `healthCheckConfig`: it has no
 * client-side health checking (gRFC A17), and takes waiting for ready and size limits from the caller alone.
 */
export function ignoredFields(text: string): string[] {
  const json = JSON.parse(text) as Readonly<Record<string, unknown>> & Partial<ServiceConfig>;
  const found = ignoredOfChannel.filter((field) => field in json);
  for (const [i, config] of (json.methodConfig ?? []).entries())
    found.push(
      ...ignoredOfMethod.filter((field) => field in config).map((field) => `methodConfig[${i}].${field}`),
    );
  return found;
}

const ignoredOfChannel: readonly string[] = ['healthCheckConfig', 'loadBalancingPolicy'];
const ignoredOfMethod: readonly string[] = [
  'waitForReady',
  'maxRequestMessageBytes',
  'maxResponseMessageBytes',
  'maxRequestBytes',
  'maxResponseBytes',
];

/** grpc-js gives out no checkWithChannel of its own, but a channel makes it when it is opened; this one never dials. */
function checkWithChannel(text: string): void {
  const options = { 'grpc.service_config': text, 'grpc.enable_channelz': 0, 'grpc.enable_http_proxy': 0 };
  new Channel('ipv4:127.0.0.1:1', credentials.createInsecure(), options).close();
}

type MethodConfig = ServiceConfig['methodConfig'][number];

/** JSON has durations as text, such as `1.5s`; grpc-js wants them taken apart. */
function withTimeout(config: MethodConfig): MethodConfig {
  const timeout: unknown = config.timeout;
  if (typeof timeout !== 'string') return config;
  const parsed = experimental.parseDuration(timeout);
  return parsed ? { ...config, timeout: parsed } : config;
}
