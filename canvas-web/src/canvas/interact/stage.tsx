import '../canvas.css';
import { lazy, Suspense, useEffect, useId, useRef, useState, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import { Cards, type RenderCard } from '../render/cards';
import { Pictures } from '../render/images';
import { Painter } from '../render/painter';
import { readPalette } from '../render/palette';
import { makeMeasure } from '../render/text';
import { type Elements, View } from '../render/view';
import type { JobDependency } from '../scene/scene';
import { listenToClipboard } from './clipboard';
import { Editor, type EditorOptions } from './editor';
import { listenToKeys } from './keyboard';
import { ZoomBar } from './minimap';
import { Pointer } from './pointer';
import { listenToWheel } from './wheel';

/** One editor per document; the newest callbacks are used without making another. */
export function useCanvasEditor(options: EditorOptions): Editor | null {
  const [editor, setEditor] = useState<Editor | null>(null);
  const latest = useRef(options);
  const { document, presence } = options;
  useEffect(() => {
    const made = new Editor({ ...latest.current, document, presence });
    setEditor(made);
    return () => {
      made.destroy();
      setEditor(null);
    };
  }, [document, presence]);
  useEffect(() => {
    latest.current = options;
    if (editor && editor.options.document === options.document && editor.options.presence === options.presence) {
      editor.options = options;
    }
  });
  return editor;
}

export interface StageProps {
  readonly editor: Editor;
  /** Watches only: nothing here changes the document. */
  readonly readOnly?: boolean;
  /** Dependencies between jobs, drawn where both have cards. The same array while nothing changed. */
  readonly dependencies?: readonly JobDependency[];
  /** What is on a job card. The same function while nothing changed. */
  readonly renderCard?: RenderCard;
  /** Name of the canvas, for those who hear it. */
  readonly label: string;
}

const ContextBar = lazy(() => import('./context-bar').then((m) => ({ default: m.ContextBar })));
const AskBar = lazy(() => import('./ask-bar').then((m) => ({ default: m.AskBar })));
const FindBar = lazy(() => import('./find-bar').then((m) => ({ default: m.FindBar })));
const PickObject = lazy(() => import('./pick-object').then((m) => ({ default: m.PickObject })));

const noDependencies: readonly JobDependency[] = [];

/** The canvas itself: everything drawn, and everything done with pointer and keys. */
export function CanvasStage({ editor, readOnly = false, dependencies = noDependencies, renderCard, label }: StageProps) {
  const stage = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLCanvasElement>(null);
  const world = useRef<HTMLDivElement>(null);
  const ground = useRef<HTMLDivElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<View | null>(null);
  const empty = useSyncExternalStore(
    (listener) => editor.scene.subscribe(listener),
    () => editor.scene.size === 0,
  );
  const [epoch, setEpoch] = useState(0);
  const help = useId();
  const finding = useStore(editor.ui, (state) => state.find);
  const asking = useStore(editor.ui, (state) => state.asking);
  const picking = useStore(editor.ui, (state) => state.picking);
  const heard = useStore(editor.ui, (state) => state.heard);

  useEffect(() => {
    const parts = [stage, picture, world, ground, overlay].map(({ current }) => current);
    if (parts.some((part) => part === null)) {
      return;
    }
    const elements = {
      stage: stage.current,
      picture: picture.current,
      world: world.current,
      ground: ground.current,
      overlay: overlay.current,
    } as Elements;
    const pictures = new Pictures(
      (file) => editor.options.fileAddress?.(file) ?? '',
      () => made.picture.invalidate(),
    );
    const painter = new Painter(editor.scene, readPalette(elements.stage), makeMeasure(), pictures, editor.jobs);
    const made: View = new View(elements, editor, painter);
    const pointer = new Pointer(elements.stage, editor);
    const stops = [
      listenToWheel(elements.stage, editor),
      listenToKeys(elements.stage, editor, pointer),
      listenToClipboard(elements.stage, editor),
    ];
    editor.refocus = () => {
      const { focus } = editor.state;
      const card = focus === null ? null : elements.world.querySelector<HTMLElement>(`[data-object="${focus}"]`);
      (card ?? elements.stage).focus({ preventScroll: true });
    };
    setView(made);
    return () => {
      setView(null);
      for (const stop of stops) {
        stop();
      }
      pointer.destroy();
      made.destroy();
    };
  }, [editor]);

  useEffect(() => {
    const { fonts } = document;
    if (!view || !fonts) {
      return;
    }
    const measure = () => {
      view.remeasure();
      editor.measure = view.painter.measure;
      setEpoch((before) => before + 1);
    };
    // Lines are broken by the width of letters, so they are broken again when the font has come, and each part of it that comes later.
    void fonts.load('500 16px "Inter Variable"').then((loaded) => loaded.length > 0 && measure());
    fonts.addEventListener('loadingdone', measure);
    return () => fonts.removeEventListener('loadingdone', measure);
  }, [view, editor]);
  useEffect(() => editor.setReadOnly(readOnly), [editor, readOnly]);
  useEffect(() => editor.scene.setDependencies(dependencies), [editor, dependencies]);

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: an application is interactive.
    <div ref={stage} className="cv-stage" data-keyboard role="application" aria-label={label} aria-describedby={help} tabIndex={0}>
      <p id={help} className="sr-only">
        {readOnly
          ? 'Tab goes from object to object. You are watching and cannot change anything.'
          : 'Tab goes from object to object, Enter opens or edits, arrows move what is selected. N makes a note. A question mark lists all keys.'}
      </p>
      <canvas ref={picture} className="cv-picture" aria-hidden />
      <div ref={world} className="cv-world">
        <div ref={ground} className="cv-ground" />
        {view && <Cards editor={editor} painter={view.painter} cover={view.cover} renderCard={renderCard} epoch={epoch} />}
      </div>
      <canvas ref={overlay} className="cv-overlay" aria-hidden />
      {empty && (
        <p className="cv-empty">
          {readOnly ? 'Nothing is on this canvas yet.' : 'Double-click to write a note, or paste a list: each line becomes an idea.'}
        </p>
      )}
      <Suspense>{view && <ContextBar editor={editor} view={view} />}</Suspense>
      {view && <ZoomBar editor={editor} view={view} />}
      <Suspense>{finding && <FindBar editor={editor} />}</Suspense>
      <Suspense>{asking && <AskBar editor={editor} asking={asking} />}</Suspense>
      <Suspense>{picking && <PickObject editor={editor} picking={picking} />}</Suspense>
      <p aria-live="polite" className="sr-only">
        {heard}
      </p>
    </div>
  );
}
