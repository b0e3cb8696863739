/** The keys of the canvas: one table for what they do and for the sheet that lists them. */
import type { Editor } from './editor';
import { none, type Tool } from './state';

export interface Shortcut {
  readonly group: 'Tools' | 'Selection' | 'Change' | 'Arrange' | 'View';
  /** As shown on the sheet. */
  readonly keys: readonly string[];
  readonly meaning: string;
}

interface Binding extends Shortcut {
  /** `ctrl+shift+alt+key`, the key in lower case or `code:` for one that letters depend on the layout of. */
  readonly on: readonly string[];
  readonly run: (editor: Editor, event: KeyboardEvent) => void;
  /** Not for those who only watch. */
  readonly edits?: boolean;
}

const tool = (name: Tool, meaning: string, ...keys: string[]): Binding => ({
  group: 'Tools',
  keys: keys.map((key) => key.toUpperCase()),
  meaning,
  on: keys,
  run: (editor) => editor.setTool(name),
  edits: name !== 'select' && name !== 'hand',
});

const step = (keys: string, dx: number, dy: number): Binding => ({
  group: 'Change',
  keys: ['Arrows'],
  meaning: 'Nudge; with Shift ten times as far',
  on: [keys, `shift+${keys}`],
  run: (editor, event) => {
    if (editor.state.selection.size > 0) {
      const by = event.shiftKey ? 10 : 1;
      editor.nudge(dx * by, dy * by);
    } else {
      editor.camera.panBy(dx * 60, dy * 60);
    }
  },
});

const jump = (key: string, dx: number, dy: number): Binding => ({
  group: 'Selection',
  keys: ['Ctrl', 'Arrows'],
  meaning: 'To the object in that direction',
  on: [`ctrl+${key}`],
  run: (editor) => editor.focusTowards(dx, dy),
});

export const bindings: readonly Binding[] = [
  tool('select', 'Select', 'v'),
  tool('hand', 'Move the view; or hold Space', 'h'),
  tool('sticky', 'Sticky note', 'n', 's'),
  tool('idea', 'Idea', 'i'),
  tool('job', 'New job', 'j'),
  {
    group: 'Tools',
    keys: ['C'],
    meaning: 'New job in the middle of the view',
    on: ['c'],
    run: (editor) => {
      const { x, y } = editor.camera.camera;
      editor.options.newJob?.({ at: { x, y }, parent: editor.scene.groupAt({ x, y }, none) });
    },
    edits: true,
  },
  tool('connect', 'Connector', 'x'),
  tool('group', 'Group', 'f'),
  tool('text', 'Text', 't'),
  tool('link', 'Link card', 'l'),
  tool('image', 'Image', 'p'),
  {
    group: 'Selection',
    keys: ['Ctrl', 'A'],
    meaning: 'All',
    on: ['ctrl+a'],
    run: (editor) => editor.selectAll(),
  },
  {
    group: 'Selection',
    keys: ['Enter'],
    meaning: 'Edit the text, or open the job',
    on: ['enter'],
    run: (editor) => {
      const id = editor.state.selection.size === 1 ? editor.selected[0] : editor.state.focus;
      if (id) {
        editor.open(id);
      }
    },
  },
  {
    group: 'Selection',
    keys: ['Shift', 'Enter'],
    meaning: 'The group it is in',
    on: ['shift+enter'],
    run: (editor) => {
      const parent = editor.state.focus === null ? null : editor.scene.view(editor.state.focus)?.parent;
      if (parent) {
        editor.focusOn(parent);
      }
    },
  },
  jump('arrowup', 0, -1),
  jump('arrowdown', 0, 1),
  jump('arrowleft', -1, 0),
  jump('arrowright', 1, 0),
  { group: 'Change', keys: ['Ctrl', 'Z'], meaning: 'Undo what you did', on: ['ctrl+z'], run: (editor) => editor.undo(), edits: true },
  {
    group: 'Change',
    keys: ['Ctrl', 'Shift', 'Z'],
    meaning: 'Redo',
    on: ['ctrl+shift+z', 'ctrl+y'],
    run: (editor) => editor.redo(),
    edits: true,
  },
  {
    group: 'Change',
    keys: ['Ctrl', 'D'],
    meaning: 'Duplicate; or drag with Alt',
    on: ['ctrl+d'],
    run: (editor) => editor.duplicate(),
    edits: true,
  },
  {
    group: 'Change',
    keys: ['Del'],
    meaning: 'Delete; a group’s contents stay',
    on: ['delete', 'backspace'],
    run: (editor) => editor.remove(),
    edits: true,
  },
  {
    group: 'Change',
    keys: ['Shift', 'Del'],
    meaning: 'Delete groups with all in them',
    on: ['shift+delete', 'shift+backspace'],
    run: (editor) => editor.remove(true),
    edits: true,
  },
  step('arrowup', 0, -1),
  step('arrowdown', 0, 1),
  step('arrowleft', -1, 0),
  step('arrowright', 1, 0),
  { group: 'Arrange', keys: ['Ctrl', 'G'], meaning: 'Group', on: ['ctrl+g'], run: (editor) => editor.group(), edits: true },
  {
    group: 'Arrange',
    keys: ['Ctrl', 'Shift', 'G'],
    meaning: 'Ungroup',
    on: ['ctrl+shift+g'],
    run: (editor) => editor.ungroup(),
    edits: true,
  },
  {
    group: 'Arrange',
    keys: ['Ctrl', 'Shift', 'L'],
    meaning: 'Lock or unlock',
    on: ['ctrl+shift+l'],
    run: (editor) => editor.lock(editor.selected.some((id) => !editor.scene.view(id)?.locked)),
    edits: true,
  },
  { group: 'Arrange', keys: [']'], meaning: 'Forward', on: [']'], run: (editor) => editor.reorder('forward'), edits: true },
  { group: 'Arrange', keys: ['['], meaning: 'Backward', on: ['['], run: (editor) => editor.reorder('backward'), edits: true },
  { group: 'Arrange', keys: ['Ctrl', ']'], meaning: 'To the front', on: ['ctrl+]'], run: (editor) => editor.reorder('front'), edits: true },
  { group: 'Arrange', keys: ['Ctrl', '['], meaning: 'To the back', on: ['ctrl+['], run: (editor) => editor.reorder('back'), edits: true },
  ...(
    [
      ['a', 'left', 'Align left'],
      ['d', 'right', 'Align right'],
      ['w', 'top', 'Align top'],
      ['s', 'bottom', 'Align bottom'],
      ['h', 'center', 'Align centers'],
      ['v', 'middle', 'Align middles'],
    ] as const
  ).map(
    ([key, edge, meaning]): Binding => ({
      group: 'Arrange',
      keys: ['Alt', key.toUpperCase()],
      meaning,
      on: [`alt+code:key${key}`],
      run: (editor) => editor.align(edge),
      edits: true,
    }),
  ),
  { group: 'View', keys: ['Shift', '0'], meaning: '100 %', on: ['shift+code:digit0'], run: (editor) => editor.zoomTo(1) },
  { group: 'View', keys: ['Shift', '1'], meaning: 'All of the canvas', on: ['shift+code:digit1'], run: (editor) => editor.fitAll() },
  { group: 'View', keys: ['Shift', '2'], meaning: 'What is selected', on: ['shift+code:digit2'], run: (editor) => editor.fitSelection() },
  { group: 'View', keys: ['+', '−'], meaning: 'Zoom', on: ['+', '=', 'ctrl+=', 'ctrl++', 'shift++'], run: (editor) => editor.zoomBy(1.25) },
  { group: 'View', keys: ['+', '−'], meaning: 'Zoom', on: ['-', 'ctrl+-'], run: (editor) => editor.zoomBy(0.8) },
  { group: 'View', keys: ['M'], meaning: 'Map', on: ['m'], run: (editor) => editor.set({ minimap: !editor.state.minimap }) },
  { group: 'View', keys: ['Ctrl', 'F'], meaning: 'Find', on: ['ctrl+f'], run: (editor) => editor.set({ find: true }) },
];

/** For the sheet: each meaning once. */
export const shortcuts: readonly Shortcut[] = [
  ...new Map(bindings.map(({ group, keys, meaning }) => [`${group} ${meaning}`, { group, keys, meaning }])).values(),
  { group: 'Selection', keys: ['Tab'], meaning: 'Next object; with Shift the one before' },
  { group: 'Selection', keys: ['Shift', 'Click'], meaning: 'Add or take away' },
  { group: 'Selection', keys: ['Shift', 'F10'], meaning: 'To the bar of what is selected' },
  { group: 'Change', keys: ['Ctrl', 'C / X / V'], meaning: 'Copy, cut, paste; a list becomes ideas' },
  { group: 'Selection', keys: ['Esc'], meaning: 'Out of what you are in' },
];

const named = new Map(bindings.flatMap((binding) => binding.on.map((on) => [on, binding] as const)));

/** The binding of a key press, if there is one. */
export function bindingOf(event: KeyboardEvent): Binding | undefined {
  const held = `${event.ctrlKey || event.metaKey ? 'ctrl+' : ''}${event.shiftKey ? 'shift+' : ''}${event.altKey ? 'alt+' : ''}`;
  return named.get(held + event.key.toLowerCase()) ?? named.get(`${held}code:${event.code.toLowerCase()}`);
}
