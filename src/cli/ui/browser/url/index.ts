export { navigate, readLocation, view, viewLink } from './location.js';
export { continuedLink } from './pasted-link.js';
export { type Page, pages, type Sort, takeToken, type View } from './view.js';
