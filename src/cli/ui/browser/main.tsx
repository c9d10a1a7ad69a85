import { render } from 'preact';

function App() {
  return <main>etcd-naming</main>;
}

const root = document.getElementById('app');
if (root) render(<App />, root);
