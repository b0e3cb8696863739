import { expect, test } from 'vitest';
import { commands, find } from '.';
import { aJobId, anOpenDocument, create } from './testing';

function texts(...all: string[]) {
  const document = anOpenDocument();
  for (const text of all) {
    create(document, { text });
  }
  return document;
}

const order = (document: ReturnType<typeof texts>, query: string) => find(document, query).found.map(({ text }) => text);

test('CAN-2: find: case and accents do not count, all words must be there', () => {
  const document = texts('Crème brûlée', 'creme only', 'Brulee and CREME');
  expect(order(document, 'creme BRULEE')).toEqual(['Crème brûlée', 'Brulee and CREME']);
  expect(order(document, 'brûlee')).toEqual(['Brulee and CREME', 'Crème brûlée']);
  expect(find(document, '  ')).toEqual({ found: [], total: 0 });
});

test('CAN-2: find: the whole text first, then beginnings, then words, then anywhere', () => {
  const document = texts('a login', 'relogin', 'login page', 'login', 'the new login flow');
  expect(order(document, 'login')).toEqual(['login', 'login page', 'a login', 'the new login flow', 'relogin']);
  expect(find(document, 'login', { limit: 2 })).toMatchObject({ found: [{ text: 'login' }, { text: 'login page' }], total: 5 });
});

test('CAN-2: find: says where the words stand in the text as it was written', () => {
  const document = texts('ﬁne Crème, 😀 crème');
  const [found] = find(document, 'creme fin').found;
  expect(found?.ranges.map(([from, to]) => found.text.slice(from, to))).toEqual(['ﬁn', 'Crème', 'crème']);
});

test('CAN-2: find: sees labels, addresses, folders and what was typed since', () => {
  const document = texts('one', 'two');
  const [from = '', to = ''] = document.objects.keys();
  commands.connect(document, { from, to, text: 'leads to' });
  create(document, { type: 'link', url: 'https://example.org/tree' });
  create(document, { type: 'group', text: 'Fruit', folder: 'Orchard' });
  expect(find(document, 'leads').found).toMatchObject([{ kind: 'link', text: 'leads to' }]);
  expect(order(document, 'example.org/tree')).toEqual(['https://example.org/tree']);
  expect(order(document, 'orchard')).toEqual(['Fruit\nOrchard']);
  commands.setText(document, from, 'three (3)');
  expect(order(document, '(3)')).toEqual(['three (3)']);
});

test('CAN-5: find: a job is found by its title only by those who see it', () => {
  const document = texts();
  create(document, { type: 'job', job: aJobId, text: 'what it was as an idea' });
  expect(find(document, 'prune').total).toBe(0);
  expect(find(document, 'prune', { title: () => 'Prune the trees' }).found).toMatchObject([{ text: 'Prune the trees' }]);
});
