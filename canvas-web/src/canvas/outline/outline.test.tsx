import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { useState } from 'react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { commands, openDocument, openUndo } from '../document';
import { aJobId, create, me } from '../document/testing';
import type { JobFace } from '../render/layout';
import type { JobSource } from '../render/painter';
import type { JobDependency } from '../scene/scene';
import { Outline, type OutlineActions } from '.';

// A whole page in jsdom takes its time when the machine is busy.
vi.setConfig({ testTimeout: 30_000 });

beforeEach(() => {
  // jsdom has no layout: the list gets room for a hundred rows.
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(4000);
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(40);
  Element.prototype.scrollTo = () => undefined;
});

const otherJob = '01930000-0000-7000-8000-000000000002';
const hidden = '01930000-0000-7000-8000-000000000003';

const faces = new Map<string, JobFace>([
  [aJobId, { number: 12, title: 'Prune the trees', word: 'In progress', tone: 'progress' }],
  [otherJob, { number: 13, title: 'Sell apples', word: 'Backlog', tone: 'neutral' }],
]);
const jobs: JobSource = { face: (job) => faces.get(job), subscribe: () => () => undefined };

function aBoard() {
  const document = openDocument(new Y.Doc(), (run) => run());
  const fruit = create(document, { type: 'group', text: 'Fruit', w: 600, h: 400 });
  const apples = create(document, { parent: fruit, x: 20, y: 80, text: 'Apples\nRed ones' });
  const pears = create(document, { type: 'idea', parent: fruit, x: 320, y: 80, text: 'Pears' });
  const card = create(document, { type: 'job', x: 0, y: 500, job: aJobId });
  const site = create(document, { type: 'link', x: 400, y: 500, url: 'https://www.example.org/x' });
  commands.connect(document, { from: pears, to: card, kind: 'dep' });
  return { document, fruit, apples, pears, card, site };
}

type Board = ReturnType<typeof aBoard>;

function show(
  { document }: Pick<Board, 'document'>,
  more: { actions?: OutlineActions; readOnly?: boolean; dependencies?: JobDependency[] } = {},
) {
  const onOpen = vi.fn();
  const selected = { now: new Set<string>() as ReadonlySet<string>, set: null as null | ((ids: ReadonlySet<string>) => void) };
  const undo = openUndo(
    document,
    () => ({ selection: [...selected.now], camera: null }),
    ({ selection }) => selected.set?.(new Set(selection)),
  );
  const actions: OutlineActions = { undo: undo.undo, redo: undo.redo, ...more.actions };
  function Page() {
    const [selection, setSelection] = useState<ReadonlySet<string>>(new Set());
    selected.now = selection;
    selected.set = setSelection;
    return (
      <Outline
        document={document}
        label="Orchard"
        me={me}
        jobs={jobs}
        dependencies={more.dependencies ?? none}
        selection={selection}
        onSelect={(ids) => setSelection(new Set(ids))}
        onOpen={onOpen}
        actions={actions}
        readOnly={more.readOnly ?? false}
      />
    );
  }
  const view = render(<Page />);
  return { ...view, onOpen, selected, user: userEvent.setup() };
}

const none: JobDependency[] = [];
const labels = () => screen.queryAllByRole('treeitem').map((item) => item.getAttribute('aria-label'));
const row = (name: RegExp) => screen.getByRole('treeitem', { name });
const focused = () => window.document.activeElement?.getAttribute('aria-label');
const said = () => screen.getByRole('status').textContent;

describe('CAN-2: the outline as a tree', () => {
  test('CAN-2: lists groups, what is in them and connectors in reading order, each with its place', () => {
    const board = aBoard();
    show(board);
    expect(labels()).toEqual([
      'Group, Fruit, 2 objects inside',
      'Sticky note, Apples, Red ones',
      'Idea, Pears, 1 connector',
      'Job card, #12 Prune the trees, In progress, 1 connector',
      'Link, example.org',
    ]);
    const apples = row(/Apples/);
    expect(apples).toHaveAttribute('aria-level', '2');
    expect(apples).toHaveAttribute('aria-posinset', '1');
    expect(apples).toHaveAttribute('aria-setsize', '2');
    expect(row(/Fruit/)).toHaveAttribute('aria-expanded', 'true');
    expect(row(/Pears/)).toHaveAttribute('aria-expanded', 'false');
    expect(apples).not.toHaveAttribute('aria-expanded');
  });

  test('CAN-2: nothing in it breaks the rules of accessibility', async () => {
    const { container } = show(aBoard());
    const { violations } = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } });
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  });

  test('CAN-2: arrows, Home, End and letters move; Left and Right fold', async () => {
    const { user } = show(aBoard());
    await user.click(row(/Fruit/));
    await user.keyboard('{ArrowDown}{ArrowDown}');
    expect(focused()).toBe('Idea, Pears, 1 connector');
    await user.keyboard('{ArrowRight}');
    expect(labels()).toContain('Comes before #12 Prune the trees');
    await user.keyboard('{ArrowRight}');
    expect(focused()).toBe('Comes before #12 Prune the trees');
    await user.keyboard('{ArrowLeft}{ArrowLeft}{ArrowLeft}');
    expect(focused()).toBe('Group, Fruit, 2 objects inside');
    await user.keyboard('{ArrowLeft}');
    expect(labels()).toHaveLength(3);
    await user.keyboard('{End}');
    expect(focused()).toBe('Link, example.org');
    await user.keyboard('{Home}{ArrowRight}app');
    expect(focused()).toBe('Sticky note, Apples, Red ones');
    expect(screen.getAllByRole('treeitem').filter(({ tabIndex }) => tabIndex === 0)).toHaveLength(1);
  });

  test('CAN-2: Enter on a connector goes to its other end, and opens what that is in', async () => {
    const { user, selected } = show(aBoard());
    await user.click(row(/Fruit/));
    await user.keyboard('{ArrowLeft}{ArrowDown}{ArrowRight}{ArrowDown}');
    expect(focused()).toBe('Waits for Pears');
    await user.keyboard('{Enter}');
    expect(focused()).toBe('Idea, Pears, 1 connector');
    expect(selected.now.size).toBe(1);
  });

  test('CAN-2: Space and Shift select several, and a change is for all of them', async () => {
    const board = aBoard();
    const { user, selected } = show(board);
    await user.click(row(/Apples/));
    await user.keyboard('{Shift>}{ArrowDown}{/Shift}');
    expect(selected.now).toEqual(new Set([board.apples, board.pears]));
    await user.keyboard('{End} ');
    expect(selected.now.size).toBe(3);
    await user.keyboard('{Control>}d{/Control}');
    expect(board.document.objects.size).toBe(8);
    expect(said()).toBe('3 objects duplicated.');
    await user.keyboard('{Delete}');
    expect(board.document.objects.size).toBe(5);
    expect(said()).toBe('3 objects deleted.');
    expect(window.document.activeElement).toHaveAttribute('role', 'treeitem');
    await user.keyboard('{Control>}z{/Control}');
    expect(board.document.objects.size).toBe(8);
  });
});

describe('CAN-2: changing things by keyboard alone', () => {
  test('CAN-2: Enter edits a text; letters go to the others at once and theirs come in', async () => {
    const { document, apples } = aBoard();
    const { user } = show({ document });
    await user.click(row(/Apples/));
    await user.keyboard('{Enter}');
    await user.keyboard('{Backspace}!');
    expect(document.objects.get(apples)?.text).toBe('Apples\nRed one!');
    act(() => document.doc.transact(() => document.text(apples)?.insert(0, 'Two '), 'other'));
    expect(screen.getByRole('textbox', { name: /Text$/ })).toHaveValue('Two Apples\nRed one!');
    await user.keyboard('{Enter}');
    expect(focused()).toBe('Sticky note, Two Apples, Red one!');
  });

  test('CAN-2: a new idea lies beside the one with the keyboard, ready to be typed; left empty it goes', async () => {
    const { document, fruit } = aBoard();
    const { user } = show({ document });
    await user.click(row(/Pears/));
    await user.keyboard('{Control>}{Enter}{/Control}');
    await user.keyboard('Plums{Enter}');
    const plums = [...document.objects.values()].find(({ text }) => text === 'Plums');
    expect(plums).toMatchObject({ type: 'idea', parent: fruit, by: me });
    expect(focused()).toBe('Idea, Plums');
    await user.click(screen.getByRole('button', { name: 'Idea' }));
    expect(document.objects.size).toBe(7);
    await user.keyboard('{Escape}');
    expect(document.objects.size).toBe(6);
  });

  test('CAN-2: Move to… is the twin of dragging into a group', async () => {
    const { document, fruit, site } = aBoard();
    const { user } = show({ document });
    await user.click(row(/example/));
    await user.keyboard('{Control>}m{/Control}');
    await user.type(await screen.findByRole('combobox'), 'fru{Enter}');
    expect(document.objects.get(site)?.parent).toBe(fruit);
    expect(said()).toBe('One object moved to Fruit.');
  });

  test('CAN-6: Connect to… draws connectors, planned dependencies, and asks the server between jobs', async () => {
    const { document, pears, apples } = aBoard();
    const second = create(document, { type: 'job', x: 0, y: 800, job: otherJob });
    const actions = { addDependency: vi.fn(), say: vi.fn() };
    const { user } = show({ document }, { actions });
    const connect = async (from: RegExp, way: string | null, to: string) => {
      await user.click(within(row(from)).getByRole('button', { name: /^More/ }));
      await user.click(await screen.findByRole('menuitem', { name: 'Connect to…' }));
      if (way !== null) {
        await user.click(await screen.findByRole('radio', { name: way }));
      }
      await user.type(await screen.findByRole('combobox'), `${to}{Enter}`);
    };
    await connect(/^Sticky note, Apples/, null, 'Pears');
    expect([...document.links.values()].some(({ from, to, kind }) => from.object === apples && to.object === pears && kind === 'rel')).toBe(
      true,
    );
    await connect(/^Idea, Pears/, 'Waits for', 'Sell');
    expect([...document.links.values()].some(({ from, to, kind }) => from.object === second && to.object === pears && kind === 'dep')).toBe(
      true,
    );
    await connect(/^Job card, #12/, 'Waits for', 'Sell');
    expect(actions.addDependency).toHaveBeenCalledExactlyOnceWith({ first: otherJob, waits: aJobId });
    await connect(/^Job card, #12/, 'Comes before', 'Pears');
    expect(actions.say).toHaveBeenCalledExactlyOnceWith('They would wait for each other.');
  });

  test('CAN-6: dependencies between jobs are listed, and removing one asks the server', async () => {
    const { document } = aBoard();
    create(document, { type: 'job', x: 0, y: 800, job: otherJob });
    const actions = { removeDependency: vi.fn() };
    const dependency = { first: aJobId, waits: otherJob };
    const { user } = show({ document }, { actions, dependencies: [dependency] });
    await user.click(row(/Sell apples/));
    await user.keyboard('{ArrowRight}{ArrowDown}');
    expect(focused()).toBe('Waits for #12 Prune the trees');
    await user.keyboard('{Delete}');
    expect(actions.removeDependency).toHaveBeenCalledExactlyOnceWith(dependency);
  });

  test('CAN-6: an end of a connector goes to another object by keyboard alone, and between jobs the server is asked', async () => {
    const { document, pears } = aBoard();
    const second = create(document, { type: 'job', x: 0, y: 800, job: otherJob });
    const actions = { changeDependency: vi.fn(), say: vi.fn() };
    const dependency = { first: aJobId, waits: otherJob };
    const { user } = show({ document }, { actions, dependencies: [dependency] });
    await user.click(row(/Sell apples/));
    await user.keyboard('{ArrowRight}{ArrowDown}{Shift>}{F10}{/Shift}');
    await user.click(await screen.findByRole('menuitem', { name: 'Connect to something else…' }));
    await user.type(await screen.findByRole('combobox'), 'Pears{Enter}');
    const asked = actions.changeDependency.mock.lastCall?.[0];
    expect(asked).toMatchObject({ old: dependency, next: null });
    asked.done();
    expect([...document.links.values()].some(({ from, to, kind }) => from.object === pears && to.object === second && kind === 'dep')).toBe(
      true,
    );
  });

  test('CAN-2: a group can go alone or with all in it', async () => {
    const first = aBoard();
    const shown = show(first);
    await shown.user.click(row(/Fruit/));
    await shown.user.keyboard('{Delete}');
    expect(first.document.children(null)).toContain(first.apples);
    shown.unmount();
    const second = aBoard();
    const { user } = show(second);
    await user.click(row(/Fruit/));
    await user.keyboard('{Shift>}{Delete}{/Shift}');
    expect([...second.document.objects.keys()].sort()).toEqual([second.card, second.site].sort());
  });

  test('CAN-2: copy, cut and paste; lines of text become ideas in the group with the keyboard', async () => {
    const { document, fruit, apples } = aBoard();
    const { user } = show({ document });
    const kept = new Map<string, string>();
    const clipboardData = {
      setData: (type: string, value: string) => void kept.set(type, value),
      getData: (type: string) => kept.get(type) ?? '',
      files: [],
    };
    await user.click(row(/Apples/));
    fireEvent.copy(row(/Apples/), { clipboardData });
    expect(kept.get('text/plain')).toBe('Apples\nRed ones');
    fireEvent.paste(row(/Apples/), { clipboardData });
    await waitFor(() => expect(labels().filter((label) => label === 'Sticky note, Apples, Red ones')).toHaveLength(2));
    await user.click(row(/Fruit/));
    kept.clear();
    kept.set('text/plain', '- Plums\n- Quinces');
    fireEvent.paste(row(/Fruit/), { clipboardData });
    await waitFor(() => expect(labels().filter((label) => /Plums|Quinces/.test(label ?? ''))).toHaveLength(2));
    expect([...document.objects.values()].filter(({ text, parent }) => text === 'Plums' && parent === fruit)).toHaveLength(1);
    await waitFor(() => expect(said()).toBe('2 objects pasted.'));
    const first = window.document.querySelector(`[data-row="${apples}"]`) as HTMLElement;
    await user.click(first);
    fireEvent.cut(first, { clipboardData });
    expect(document.objects.has(apples)).toBe(false);
  });

  test('CAN-2: locked objects are said to be so and stay', async () => {
    const { document, apples } = aBoard();
    const say = vi.fn();
    const { user } = show({ document }, { actions: { say } });
    await user.click(row(/Apples/));
    await user.keyboard('{Control>}{Shift>}l{/Shift}{/Control}');
    expect(row(/Apples/)).toHaveAccessibleName('Sticky note, Apples, Red ones, locked');
    await user.keyboard('{Delete}');
    expect(say).toHaveBeenLastCalledWith('One object is locked and was left alone.');
    await user.keyboard('{Enter}');
    expect(say).toHaveBeenLastCalledWith('Apples is locked.');
    expect(document.objects.has(apples)).toBe(true);
  });

  test('CAN-2: link cards ask for an address, and take only those of the web', async () => {
    const { document } = aBoard();
    const { user } = show({ document });
    await user.click(screen.getByRole('button', { name: 'New something else' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Link card…' }));
    const field = await screen.findByLabelText('Address');
    await user.type(field, 'ftp://x{Enter}');
    expect(await screen.findByRole('alert')).toHaveTextContent('This is no address of a web page.');
    await user.clear(field);
    await user.type(field, 'example.net/a{Enter}');
    await waitFor(() => expect([...document.objects.values()].some(({ url }) => url === 'https://example.net/a')).toBe(true));
  });
});

describe('CAN-4: ideas and jobs', () => {
  test('CAN-4: ideas of the selection are handed on to become jobs; Enter opens a job', async () => {
    const { document, pears, card } = aBoard();
    const other = create(document, { type: 'idea', y: 900, text: 'Plums' });
    const promote = vi.fn();
    const { user, onOpen } = show({ document }, { actions: { promote } });
    await user.click(row(/Pears/));
    await user.keyboard('{End} ');
    await user.click(within(row(/Plums/)).getByRole('button', { name: /^More/ }));
    await user.click(await screen.findByRole('menuitem', { name: 'Make 2 jobs…' }));
    expect(promote).toHaveBeenCalledExactlyOnceWith([pears, other]);
    await user.click(row(/Prune/));
    await user.keyboard('{Enter}');
    expect(onOpen).toHaveBeenCalledExactlyOnceWith(document.objects.get(card)?.job);
  });

  test('CAN-5: a job that one may not see is a private job and nothing more', () => {
    const { document } = aBoard();
    create(document, { type: 'job', job: hidden, y: 900, text: 'what it was' });
    show({ document });
    expect(labels().filter((label) => label?.includes('rivate'))).toEqual(['Job card, Private job']);
    expect(screen.queryByText(/what it was/)).toBeNull();
  });

  test('CAN-10: who only watches finds nothing that changes anything', async () => {
    const { document } = aBoard();
    const updates = vi.fn();
    const { user } = show({ document }, { readOnly: true, actions: { promote: vi.fn() } });
    document.doc.on('update', updates);
    expect(screen.queryByRole('button', { name: 'Idea' })).toBeNull();
    await user.click(row(/Apples/));
    await user.keyboard('{Delete}{Enter}{Control>}dz{/Control}{F2}');
    await user.keyboard('{Shift>}{F10}{/Shift}');
    expect((await screen.findAllByRole('menu')).flatMap((menu) => within(menu).queryAllByRole('menuitem'))).toHaveLength(0);
    expect(updates).not.toHaveBeenCalled();
  });
});

describe('CAN-3: the outline among others', () => {
  test('CAN-3: what others add, move and type shows, and the keyboard stays where it was', async () => {
    const { document, apples, site } = aBoard();
    const { user } = show({ document });
    await user.click(row(/Pears/));
    act(() => {
      document.doc.transact(() => {
        commands.createObject(document, { type: 'sticky', x: 0, y: -500, text: 'First' }, me);
        commands.moveBy(document, [site], 0, -900);
        commands.setText(document, apples, 'Quinces');
      }, 'other');
    });
    expect(labels().slice(0, 3)).toEqual(['Sticky note, First', 'Link, example.org', 'Group, Fruit, 2 objects inside']);
    expect(labels()).toContain('Sticky note, Quinces');
    expect(focused()).toBe('Idea, Pears, 1 connector');
  });

  test('CAN-3: when what has the keyboard is deleted by another, its neighbour gets it', async () => {
    const { document, pears } = aBoard();
    const { user } = show({ document });
    await user.click(row(/Pears/));
    act(() => void commands.deleteObjects(document, [pears]));
    await user.tab();
    await user.tab({ shift: true });
    expect(screen.getAllByRole('treeitem').filter(({ tabIndex }) => tabIndex === 0)).toEqual([row(/Prune/)]);
  });

  test('CAN-2: the search lists what it finds; Escape brings the tree back', async () => {
    const { user } = show(aBoard());
    await user.type(screen.getByRole('searchbox'), 'prune');
    await waitFor(() => expect(labels()).toEqual(['Job card, #12 Prune the trees, In progress, 1 connector']));
    await user.clear(screen.getByRole('searchbox'));
    await user.type(screen.getByRole('searchbox'), 'nowhere');
    expect(await screen.findByText('Nothing found')).toBeVisible();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(labels()).toHaveLength(5));
  });
});
