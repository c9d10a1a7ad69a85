export { LocksView } from './locks-view.js';
