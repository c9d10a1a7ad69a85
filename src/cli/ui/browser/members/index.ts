export { MembersView } from './members-view.js';
