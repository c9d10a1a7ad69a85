export { ActionButtons, ActionMenu } from './action-menu.js';
