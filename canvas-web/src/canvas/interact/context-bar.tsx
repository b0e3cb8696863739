import {
  AlignCenterHorizontal,
  AlignCenterVertical,
  AlignEndHorizontal,
  AlignEndVertical,
  AlignHorizontalDistributeCenter,
  AlignStartHorizontal,
  AlignStartVertical,
  AlignVerticalDistributeCenter,
  ArrowDownToLine,
  ArrowLeftFromLine,
  ArrowRightToLine,
  ArrowUpRight,
  ArrowUpToLine,
  BriefcaseBusiness,
  Copy,
  Group as GroupIcon,
  LayoutGrid,
  Lightbulb,
  Lock,
  LockOpen,
  type LucideIcon,
  MoreHorizontal,
  PanelRightOpen,
  Pencil,
  StickyNote,
  Trash2,
  Type,
  Ungroup,
  Waypoints,
} from 'lucide-react';
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { useObject } from '../render/cards';
import type { View } from '../render/view';
import { boxToScreen, clamp } from '../scene/geometry';
import { schema } from '../schema.gen';
import type { Editor } from './editor';

type Panel = 'color' | 'align' | 'more' | null;

const colored = new Set(['sticky', 'idea', 'group', 'text']);
const turns = new Set(['sticky', 'idea', 'text']);

/** What can be done with what is selected, above it. Everything here has a key or a place in the palette as well. */
export function ContextBar({ editor, view }: { editor: Editor; view: View }) {
  const element = useRef<HTMLDivElement>(null);
  const selection = useStore(editor.ui, (state) => state.selection);
  const links = useStore(editor.ui, (state) => state.links);
  const shown = useStore(editor.ui, (state) => state.gesture === 'none' && state.editing === null && state.tool === 'select');
  const readOnly = useStore(editor.ui, () => editor.readOnly);
  const [panel, setPanel] = useState<Panel>(null);
  const key = [...selection, ...links].slice(0, 50).join();

  // biome-ignore lint/correctness/useExhaustiveDependencies: another selection closes what was open for the last one.
  useEffect(() => setPanel(null), [key]);

  const there = shown && !readOnly && selection.size + links.size > 0;
  useLayoutEffect(() => {
    if (!there) {
      return;
    }
    const place = () => {
      const bar = element.current;
      const { camera, view: size } = editor.camera;
      const link = selection.size === 0 ? [...links][0] : undefined;
      const box = link === undefined ? editor.selectionBox() : editor.scene.curve(link)?.box;
      if (!bar || !box) {
        return;
      }
      const { x, y, w, h } = boxToScreen(camera, size, box);
      const [wide, high] = [bar.offsetWidth, bar.offsetHeight];
      const above = y - high - 26;
      const below = y + h + 26;
      const top = above >= 8 ? above : below + high <= size.h - 64 ? below : 8;
      const left = clamp(x + w / 2 - wide / 2, 8, Math.max(8, size.w - wide - 8));
      bar.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
      bar.style.visibility = x > size.w || y > size.h || x + w < 0 || y + h < 0 ? 'hidden' : 'visible';
    };
    place();
    return view.onMove(place);
  }, [there, editor, view, selection, links]);

  if (!there) {
    return null;
  }
  const toggle = (which: Panel) => setPanel(panel === which ? null : which);
  return (
    <div ref={element} data-own-pointer data-own-wheel role="toolbar" aria-label="What is selected" className="cv-context popup">
      {selection.size === 0 ? (
        <LinkTools editor={editor} id={[...links][0] ?? ''} count={links.size} />
      ) : (
        <ObjectTools editor={editor} selection={selection} panel={panel} toggle={toggle} />
      )}
    </div>
  );
}

function Tool({ icon: Icon, label, keys, onClick, pressed, danger }: ToolProps) {
  return (
    <button
      type="button"
      aria-label={label}
      aria-keyshortcuts={keys}
      aria-expanded={pressed}
      title={keys ? `${label} (${keys})` : label}
      className="cv-tool"
      data-pressed={pressed || undefined}
      data-danger={danger || undefined}
      onClick={onClick}
    >
      <Icon size={17} aria-hidden />
    </button>
  );
}

interface ToolProps {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly keys?: string;
  readonly onClick: () => void;
  readonly pressed?: boolean;
  readonly danger?: boolean;
}

const Line = () => <span className="cv-line" />;

interface ObjectToolsProps {
  readonly editor: Editor;
  readonly selection: ReadonlySet<string>;
  readonly panel: Panel;
  readonly toggle: (panel: Panel) => void;
}

function ObjectTools({ editor, selection, panel, toggle }: ObjectToolsProps) {
  const first = [...selection][0] ?? '';
  // Rendered again when the first of them changes: its lock, its colour, its type.
  const object = useObject(editor, first)?.view;
  const views = [...selection].slice(0, 500).flatMap((id) => editor.scene.view(id) ?? []);
  const every = (is: (view: (typeof views)[number]) => boolean) => views.length > 0 && views.every(is);
  const locked = every((view) => view.locked);
  const ideas = every((view) => view.type === 'idea' && !view.locked);
  const one = selection.size === 1 ? object : undefined;
  if (locked) {
    return <Tool icon={LockOpen} label="Unlock" keys="Ctrl+Shift+L" onClick={() => editor.lock(false)} />;
  }
  return (
    <>
      {ideas && editor.options.promote && (
        <>
          <button type="button" className="cv-tool cv-promote" onClick={() => editor.options.promote?.([...selection])}>
            <BriefcaseBusiness size={15} aria-hidden />
            {selection.size === 1 ? 'Make it a job' : `Make ${selection.size} jobs`}
          </button>
          <Line />
        </>
      )}
      {one?.type === 'job' && one.job && (
        <Tool icon={PanelRightOpen} label="Open the job" keys="Enter" onClick={() => editor.open(one.id)} />
      )}
      {one && one.type !== 'job' && one.type !== 'image' && (
        <Tool icon={Pencil} label={one.type === 'group' ? 'Name' : 'Edit the text'} keys="Enter" onClick={() => editor.edit(one.id)} />
      )}
      {views.some((view) => colored.has(view.type)) && (
        <button
          type="button"
          aria-label="Colour"
          title="Colour"
          aria-expanded={panel === 'color'}
          className="cv-tool"
          data-pressed={panel === 'color' || undefined}
          onClick={() => toggle('color')}
        >
          <span
            className="cv-swatch"
            style={{ background: `var(--cv-${object?.color ?? 'gray'})`, borderColor: `var(--cv-${object?.color ?? 'gray'}-edge)` }}
          />
        </button>
      )}
      {selection.size > 1 && (
        <>
          <Tool icon={AlignStartVertical} label="Align and distribute" pressed={panel === 'align'} onClick={() => toggle('align')} />
          <Tool icon={GroupIcon} label="Group" keys="Ctrl+G" onClick={() => editor.group()} />
        </>
      )}
      {one?.type === 'group' && <Tool icon={Ungroup} label="Ungroup" keys="Ctrl+Shift+G" onClick={() => editor.ungroup()} />}
      {one && <Tool icon={ArrowUpRight} label="Connect to…" onClick={() => editor.set({ picking: { what: 'connect', id: one.id } })} />}
      <Tool icon={Copy} label="Duplicate" keys="Ctrl+D" onClick={() => editor.duplicate()} />
      <Tool icon={MoreHorizontal} label="More" pressed={panel === 'more'} onClick={() => toggle('more')} />
      <Line />
      <Tool icon={Trash2} label="Delete" keys="Del" danger onClick={() => editor.remove()} />
      {panel === 'color' && (
        <Panel label="Colour">
          {schema.colors.map((color) => (
            <button
              key={color}
              type="button"
              aria-label={color}
              title={color}
              aria-pressed={object?.color === color}
              className="cv-tool"
              data-pressed={object?.color === color || undefined}
              onClick={() => editor.color(color)}
            >
              <span className="cv-swatch" style={{ background: `var(--cv-${color})`, borderColor: `var(--cv-${color}-edge)` }} />
            </button>
          ))}
        </Panel>
      )}
      {panel === 'align' && (
        <Panel label="Align and distribute">
          <Tool icon={AlignStartVertical} label="Align left" keys="Alt+A" onClick={() => editor.align('left')} />
          <Tool icon={AlignCenterVertical} label="Align centers" keys="Alt+H" onClick={() => editor.align('center')} />
          <Tool icon={AlignEndVertical} label="Align right" keys="Alt+D" onClick={() => editor.align('right')} />
          <Line />
          <Tool icon={AlignStartHorizontal} label="Align top" keys="Alt+W" onClick={() => editor.align('top')} />
          <Tool icon={AlignCenterHorizontal} label="Align middles" keys="Alt+V" onClick={() => editor.align('middle')} />
          <Tool icon={AlignEndHorizontal} label="Align bottom" keys="Alt+S" onClick={() => editor.align('bottom')} />
          <Line />
          {selection.size > 2 && (
            <>
              <Tool icon={AlignHorizontalDistributeCenter} label="Same gaps across" onClick={() => editor.distribute('horizontal')} />
              <Tool icon={AlignVerticalDistributeCenter} label="Same gaps down" onClick={() => editor.distribute('vertical')} />
            </>
          )}
          <Tool icon={LayoutGrid} label="Tidy up into a grid" onClick={() => editor.tidy()} />
        </Panel>
      )}
      {panel === 'more' && (
        <Panel label="More">
          <Tool icon={ArrowUpToLine} label="To the front" keys="Ctrl+]" onClick={() => editor.reorder('front')} />
          <Tool icon={ArrowDownToLine} label="To the back" keys="Ctrl+[" onClick={() => editor.reorder('back')} />
          <Tool icon={Lock} label="Lock" keys="Ctrl+Shift+L" onClick={() => editor.lock(true)} />
          {every((view) => turns.has(view.type)) && (
            <>
              <Line />
              <Tool icon={StickyNote} label="Turn into a sticky note" onClick={() => editor.retype('sticky')} />
              <Tool icon={Lightbulb} label="Turn into an idea" onClick={() => editor.retype('idea')} />
              <Tool icon={Type} label="Turn into plain text" onClick={() => editor.retype('text')} />
            </>
          )}
        </Panel>
      )}
    </>
  );
}

const Panel = ({ label, children }: { label: string; children: ReactNode }) => (
  // biome-ignore lint/a11y/useSemanticElements: buttons of a toolbar, not of a form.
  <div role="group" aria-label={label} className="cv-panel popup">
    {children}
  </div>
);

function LinkTools({ editor, id, count }: { editor: Editor; id: string; count: number }) {
  const link = editor.scene.link(id);
  const [text, setText] = useState(link?.view.text ?? '');
  if (!link) {
    return null;
  }
  const dep = link.view.kind === 'dep';
  return (
    <>
      {count === 1 && !link.jobs && (
        <input
          className="cv-label"
          aria-label="Label of the connector"
          placeholder="Label"
          value={text}
          maxLength={200}
          onChange={(event) => {
            setText(event.target.value);
            editor.setLinkText(id, event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' || event.key === 'Escape') {
              event.stopPropagation();
              editor.refocus();
            }
          }}
        />
      )}
      <button
        type="button"
        className="cv-tool cv-promote"
        aria-pressed={dep}
        data-pressed={dep || undefined}
        title="What the arrow points at waits until the other is done"
        onClick={() => editor.setKind(dep ? 'rel' : 'dep')}
      >
        <Waypoints size={15} aria-hidden />
        Dependency
      </button>
      {count === 1 && (
        <>
          <Tool
            icon={ArrowLeftFromLine}
            label="Begin at…"
            onClick={() => editor.set({ picking: { what: 'end', link: id, end: 'from' } })}
          />
          <Tool icon={ArrowRightToLine} label="End at…" onClick={() => editor.set({ picking: { what: 'end', link: id, end: 'to' } })} />
        </>
      )}
      <Line />
      <Tool icon={Trash2} label="Delete" keys="Del" danger onClick={() => editor.remove()} />
    </>
  );
}
