export { type ResolverOptions, registerEtcdResolver } from './register.js';
