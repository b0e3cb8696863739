/**
 * The canvas to look at and to work on. A page makes an editor for an open document, puts the stage where it belongs, and gives its own bars
 * and palettes the editor to call:
 *
 *     const editor = useCanvasEditor({ document, me, steps, presence, jobs, say, openJob, newJob, promote, … });
 *     return editor && <CanvasStage editor={editor} label={name} readOnly={…} renderCard={…} dependencies={…} />;
 *
 * `useUi(editor, (state) => state.tool)` follows what the person does; `editor.setTool`, `editor.fitAll`, `editor.create`, … do it for them.
 */
import { useStore } from 'zustand';
import type { Camera } from '../types';
import type { Editor } from './editor';
import type { UiState } from './state';

export type { CardDetail, RenderCard } from '../render/cards';
export type { JobFace } from '../render/layout';
export type { JobSource } from '../render/painter';
export type { JobDependency } from '../scene/scene';
export { Editor, type EditorOptions, type PresenceLink, type Steps } from './editor';
export { type Shortcut, shortcuts } from './shortcuts';
export { CanvasStage, type StageProps, useCanvasEditor } from './stage';
export type { Tool, UiState } from './state';

export const useUi = <T>(editor: Editor, select: (state: UiState) => T): T => useStore(editor.ui, select);
/** Renders again with each step of the camera: for a zoom display, not for what moves along. */
export const useCamera = <T>(editor: Editor, select: (camera: Camera) => T): T =>
  useStore(editor.camera.store, ({ camera }) => select(camera));
