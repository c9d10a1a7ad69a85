import { Channel, credentials, experimental, type ServiceConfig } from '@grpc/grpc-js';
import { NamingError } from '../../errors.js';

/**
 * Parses a service config in gRPC's JSON form. A config without a load balancing policy gets `policy`. Rejects what
 * grpc-js itself would reject, because an invalid config makes grpc-js throw from every call.
 *
 * Specification: https://github.com/grpc/grpc/blob/v1.66.0/doc/service_config.md
 *
 * @param where The place of the config, for the error text.
 * @throws {NamingError} that names the invalid field.
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
    if (!experimental.selectLbConfigFromList(policies)) throw new TypeError(policyProblem(policies));
    return { ...json, loadBalancingConfig: policies, methodConfig: methodConfig.map(withTimeout) };
  } catch (error) {
    // Without the error as the cause: it quotes the value, which others wrote.
    const place = where === undefined ? '' : `'${where}': `;
    throw new NamingError(`${place}not a service config: ${(error as Error).message}`);
  }
}

/** Why none of the policies can be used: grpc-js only logs it. */
function policyProblem(policies: ServiceConfig['loadBalancingConfig']): string {
  const known = policies.find((policy) =>
    Object.keys(policy).some(experimental.isLoadBalancerNameRegistered),
  );
  if (known === undefined) return 'it names no known policy';
  try {
    experimental.parseLoadBalancingConfig(known);
    return 'it names no known policy';
  } catch (error) {
    const { message } = error as Error;
    const isOutliers = 'outlier_detection' in known;
    return isOutliers
      ? `${message}; grpc-js takes durations in this policy as {"seconds": 10, "nanos": 0}, names with underscores, and child_policy`
      : message;
  }
}

const durationsOfMethod: readonly (readonly string[])[] = [
  ['timeout'],
  ['retryPolicy', 'initialBackoff'],
  ['retryPolicy', 'maxBackoff'],
  ['hedgingPolicy', 'hedgingDelay'],
];

/** grpc-js reports only "invalid timeout", without the method. */
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
 * Returns the paths of the fields that grpc-js 1.14 ignores, such as `healthCheckConfig`. grpc-js has no client-side
 * health checking (gRFC A17), and takes wait-for-ready and message size limits only from the caller.
 *
 * Specification: https://github.com/grpc/proposal/blob/master/A17-client-side-health-checking.md
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

/**
 * Validates the config as grpc-js does, before it reaches a channel in use.
 *
 * Workaround (grpc-js 1.14.7; no public issue found, `validateServiceConfig` of service-config.ts): grpc-js does not
 * export its validation, but a new channel runs it. This channel never connects. Remove when it is exported.
 */
function checkWithChannel(text: string): void {
  const options = { 'grpc.service_config': text, 'grpc.enable_channelz': 0, 'grpc.enable_http_proxy': 0 };
  new Channel('ipv4:127.0.0.1:1', credentials.createInsecure(), options).close();
}

type MethodConfig = ServiceConfig['methodConfig'][number];

/**
 * Converts a duration in text, such as `1.5s`, to the object that grpc-js requires.
 *
 * Workaround (grpc-js 1.14.7; https://github.com/grpc/grpc-node/pull/1785): a resolver passes a config to grpc-js
 * without its validation, which is where the conversion takes place. Remove when grpc-js converts the configs of
 * resolvers.
 */
function withTimeout(config: MethodConfig): MethodConfig {
  const timeout: unknown = config.timeout;
  if (typeof timeout !== 'string') return config;
  const parsed = experimental.parseDuration(timeout);
  return parsed ? { ...config, timeout: parsed } : config;
}
