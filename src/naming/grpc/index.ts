export { type DialOptions, type DialResult, dial } from './dial.js';
export { type ResolverOptions, registerEtcdResolver } from './register-resolver.js';
export { type RegisterServerOptions, registerServer } from './register-server.js';
export type { HealthReporter } from './server-health.js';
export type { ServiceConfigOptions } from './service-config-source.js';
