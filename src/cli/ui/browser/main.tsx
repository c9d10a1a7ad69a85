import { render } from 'preact';
import { App } from './shell/index.js';
import { startPage } from './state/index.js';

const root = document.getElementById('app');
if (root) {
  startPage();
  render(<App />, root);
}
