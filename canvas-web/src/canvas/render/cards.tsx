import { ArrowUpRight } from 'lucide-react';
import { type CSSProperties, memo, type ReactNode, useCallback, useLayoutEffect, useRef, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import type { Editor } from '../interact/editor';
import { TextEditor } from '../interact/text-editor';
import type { SceneObject } from '../scene/scene';
import type { ObjectView } from '../types';
import type { Cover } from './cover';
import { type Block, hostOf, safeAddress, typeWord } from './layout';
import type { Painter } from './painter';

/** How much a card shows: `full` when its letters are easily read, `brief` from further away. */
export type CardDetail = 'full' | 'brief';
/** Draws what is on a job card; whoever knows the job gives it. */
export type RenderCard = (view: ObjectView, detail: CardDetail) => ReactNode;

/** Below this zoom a card is brief. */
const FULL_FROM = 0.62;
/** What is dragged lies over everything else until it is dropped. */
const LIFTED = 100_000;
const known = new Set(['sticky', 'idea', 'job', 'group', 'text', 'image', 'link']);

export interface CardsProps {
  readonly editor: Editor;
  readonly painter: Painter;
  readonly cover: Cover;
  readonly renderCard?: RenderCard;
  /** Another one when letters are measured anew: a font has come. */
  readonly epoch: number;
}

/** The object as it is now; rendered again only when it changes. */
export function useObject(editor: Editor, id: string): SceneObject | undefined {
  const { scene } = editor;
  const subscribe = useCallback((listener: () => void) => scene.subscribeObject(id, listener), [scene, id]);
  return useSyncExternalStore(subscribe, () => scene.object(id));
}

export function Cards({ editor, painter, cover, renderCard, epoch }: CardsProps) {
  useSyncExternalStore(cover.subscribe, cover.snapshot);
  const detail = useStore(editor.camera.store, ({ camera }): CardDetail => (camera.zoom >= FULL_FROM ? 'full' : 'brief'));
  return [...cover.mounted].map((id) => (
    <Card
      key={id}
      id={id}
      rank={editor.scene.rank(id)}
      editor={editor}
      painter={painter}
      detail={detail}
      renderCard={renderCard}
      epoch={epoch}
    />
  ));
}

interface CardProps extends Omit<CardsProps, 'cover'> {
  readonly id: string;
  readonly rank: number;
  readonly detail: CardDetail;
}

const Card = memo(function Card({ id, rank, editor, painter, detail, renderCard, epoch }: CardProps) {
  const object = useObject(editor, id);
  const element = useRef<HTMLDivElement>(null);
  const focused = useStore(editor.ui, (state) => state.focus === id);
  const editing = useStore(editor.ui, (state) => state.editing === id);
  const selected = useStore(editor.ui, (state) => state.selection.has(id));
  const job = object?.view.job ?? null;
  const subscribe = useCallback(
    (listener: () => void) => (job ? editor.jobs.subscribe((jobs) => (jobs === null || jobs.has(job)) && listener()) : () => undefined),
    [editor, job],
  );
  const face = useSyncExternalStore(subscribe, () => (job ? editor.jobs.face(job) : undefined));

  useLayoutEffect(() => {
    const stage = element.current?.closest('.cv-stage');
    // Only where the keyboard is on the canvas already: nobody's typing elsewhere is torn away.
    if (
      focused &&
      selected &&
      !editing &&
      stage?.contains(document.activeElement) &&
      !document.activeElement?.closest('[data-own-pointer]')
    ) {
      element.current?.focus({ preventScroll: true });
    }
  }, [focused, editing, selected]);

  if (!object) {
    return null;
  }
  const { view, box } = object;
  const style: CSSProperties = { left: box.x, top: box.y, width: box.w, height: box.h, zIndex: object.drafted ? rank + LIFTED : rank + 1 };
  if (view.type === 'sticky') {
    style.background = `var(--cv-${view.color})`;
    style.color = `var(--cv-${view.color}-ink)`;
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a card is no form field; what it is called says what it is.
    <div
      ref={element}
      className="cv-card"
      data-object={id}
      data-type={known.has(view.type) ? view.type : 'other'}
      data-selected={selected || undefined}
      data-bare={(view.type === 'job' && renderCard !== undefined) || undefined}
      style={style}
      role="group"
      aria-roledescription={typeWord(view.type)}
      aria-label={`${editor.label(id)}${selected ? ', selected' : ''}`}
      data-keyboard={focused || undefined}
      tabIndex={focused ? 0 : -1}
      onFocus={(event) => {
        if (event.target === event.currentTarget) {
          if (!editor.state.selection.has(id)) {
            // By a screen reader, or on the way back from another window: what has the keyboard is what keys act on.
            editor.select([id]);
          } else if (editor.state.focus !== id) {
            editor.set({ focus: id });
          }
        }
      }}
    >
      <Content
        editor={editor}
        painter={painter}
        view={view}
        face={face}
        editing={editing}
        detail={detail}
        renderCard={renderCard}
        epoch={epoch}
      />
    </div>
  );
});

interface ContentProps extends Omit<CardProps, 'id' | 'rank'> {
  readonly view: ObjectView;
  readonly face: ReturnType<Editor['jobs']['face']>;
  readonly editing: boolean;
}

/** What is on the card. Not rendered again while the card only moves. */
const Content = memo(
  function Content({ editor, painter, view, face, editing, detail, renderCard }: ContentProps) {
    const blocks = painter.layouts.of(view, face);
    if (view.type === 'job' && renderCard) {
      return renderCard(view, detail);
    }
    const size = (view.type === 'sticky' || view.type === 'text' ? blocks[0]?.lines.size : undefined) ?? 15;
    const head = view.type === 'idea' || view.type === 'link' ? blocks[0] : undefined;
    return (
      <>
        {(view.type === 'idea' || view.type === 'job') && (
          <div
            className="cv-bar"
            style={{
              background: view.type === 'job' ? (face ? `var(--st-${face.tone})` : 'var(--line-strong)') : `var(--cv-${view.color}-edge)`,
            }}
          />
        )}
        {view.type === 'image' && view.file && (
          <img src={painter.pictures.address(view.file)} alt={view.text || 'Image'} draggable={false} />
        )}
        {editing ? (
          <>
            {head && <Lines block={head} view={view} />}
            <TextEditor editor={editor} view={view} size={size} />
          </>
        ) : (
          blocks.map((block, at) => <Lines key={at} block={block} view={view} />)
        )}
        {view.type === 'link' && !editing && <OpenLink url={safeAddress(view.url)} />}
      </>
    );
  },
  (before, after) =>
    before.view === after.view &&
    before.face === after.face &&
    before.editing === after.editing &&
    before.detail === after.detail &&
    before.renderCard === after.renderCard &&
    before.painter === after.painter &&
    before.epoch === after.epoch,
);

const inks = { ink: 'var(--ink)', ink2: 'var(--ink-2)', ink3: 'var(--ink-3)' } as const;

function Lines({ block, view }: { block: Block; view: ObjectView }) {
  const { lines, x, y, weight, ink } = block;
  const color = ink === 'card' ? `var(--cv-${view.color}-ink)` : ink === 'edge' ? `var(--cv-${view.color}-edge)` : inks[ink];
  return (
    <div className="cv-lines" style={{ left: x, top: y, fontSize: lines.size, lineHeight: `${lines.step}px`, fontWeight: weight, color }}>
      {lines.lines.join('\n')}
    </div>
  );
}

function OpenLink({ url }: { url: string | null }) {
  return (
    url && (
      <a
        className="cv-open"
        data-own-pointer
        href={url}
        target="_blank"
        rel="noopener noreferrer"
        title={`Open ${hostOf(url)} in a new tab`}
        aria-label={`Open ${hostOf(url)} in a new tab`}
        tabIndex={-1}
        draggable={false}
      >
        <ArrowUpRight size={16} aria-hidden />
      </a>
    )
  );
}
