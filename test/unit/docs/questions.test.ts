import assert from 'node:assert/strict';
import { anchorsOf, linksOf, sectionOf } from '../../support/pages.js';

/** A question that a new user asks, and the way from the README to its answer. */
interface Question {
  readonly question: string;
  /** The text of the link to follow on each page, beginning with the README. */
  readonly clicks: readonly string[];
  /** The heading of the answer on the last page. */
  readonly heading: string;
  /** What the section below the heading says. */
  readonly answer: RegExp;
}

const questions: readonly Question[] = [
  {
    question: 'Which role does my server need?',
    clicks: ['permissions'],
    heading: 'Two roles for a service',
    answer: /readwrite --prefix foo\/bar\/my-service\//,
  },
  {
    question: 'Why is my name not resolved?',
    clicks: ['troubleshooting'],
    heading: '`Failed to parse DNS address dns:etcd:///…`',
    answer: /registerEtcdResolver/,
  },
  {
    question: 'What happens when etcd is down at the start?',
    clicks: ['outages'],
    heading: 'When etcd is down at the start',
    answer: /timeoutMs: Infinity.*snapshots/s,
  },
  {
    question: 'How do I drain a server?',
    clicks: ['Servers'],
    heading: 'Draining',
    answer: /registration\.drain\(\)/,
  },
  {
    question: 'How do I call a service of kratos?',
    clicks: ['other frameworks'],
    heading: 'kratos',
    answer: /codec: kratos\(\)/,
  },
  {
    question: 'How do I test this?',
    clicks: ['testing'],
    heading: 'Test runners',
    answer: /startEtcd\(\)/,
  },
];

/** Follows links by their texts. Returns the path of the last page. */
function follow(clicks: readonly string[]): string {
  return clicks.reduce((page, text) => {
    const link = linksOf(page).find((candidate) => candidate.text === text);
    assert.ok(link, `${page} has no link '${text}'`);
    return link.path;
  }, 'README.md');
}

describe('from the README, a new user finds the answer to', () => {
  for (const { question, clicks, heading, answer } of questions) {
    it(`${question} README, ${clicks.join(', ')}, '${heading}'`, () => {
      const page = follow(clicks);
      const section = sectionOf(page, heading);
      assert.ok(section !== undefined, `${page} has no heading '${heading}' among ${[...anchorsOf(page)]}`);
      assert.match(section, answer);
    });
  }
});
