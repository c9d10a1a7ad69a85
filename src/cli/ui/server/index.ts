export { type Assets, loadAssets } from './assets.js';
export type { TlsFiles } from './http-server.js';
export { PageServer, type PageServerOptions } from './page-server.js';
