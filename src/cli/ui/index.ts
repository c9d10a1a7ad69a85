export { type PackageFiles, runUi } from './run-ui.js';
