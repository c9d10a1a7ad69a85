export { readTarGz } from './tar.js';
export type { Unpacked } from './unpacked.js';
export { readZip } from './zip.js';
