export { ActionMenu } from './action-menu.js';
