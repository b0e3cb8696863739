import { useNavigate } from '@tanstack/react-router';
import { Copy, Download, FileUp, ImageDown, Keyboard, Link2, Search, SquareTerminal } from 'lucide-react';
import { useStore } from 'zustand';
import { canvasApi, useKeepCanvas } from '@/api/canvases';
import type { Canvas, Workspace } from '@/api/types';
import { words } from '@/canvas/document';
import { pasteFragment } from '@/canvas/document/clipboard';
import { readableFiles } from '@/canvas/document/files/kinds';
import { useUi } from '@/shared/lib/ui-store';
import { MenuGroup, MenuItem, MenuLine } from '@/shared/ui/menu';
import { toast, toastProblem } from '@/shared/ui/toast';
import { copyName, download, downloadJson, fileName, jobWords, pickFile } from './files';
import type { Desk } from './use-desk';

interface Props {
  workspace: Workspace;
  canvas: Canvas;
  me: string;
  desk: Desk;
  readOnly: boolean;
  onShare: () => void;
  onActions: () => void;
}

export function CanvasMenu({ workspace, canvas, me, desk, readOnly, onShare, onActions }: Props) {
  const { document, editor, jobs } = desk;
  const navigate = useNavigate();
  const selected = useStore(editor.ui, (state) => state.selection.size);
  const keep = useKeepCanvas(workspace.id);
  const bring = async () => {
    const file = await pickFile(readableFiles);
    if (!file) {
      return;
    }
    const { readFile } = await import('@/canvas/document/files');
    const parsed = readFile(file.name, await file.text());
    if (!parsed.ok) {
      toast(`${file.name} was not added`, parsed.reason);
      return;
    }
    const outcome = pasteFragment(document, parsed.fragment, { at: editor.camera.camera, by: me });
    const problem = words(outcome);
    if (outcome.ok) {
      editor.select(outcome.ids);
      editor.fitSelection();
    }
    toast(outcome.ok ? `Added from ${file.name}` : `${file.name} was not added`, problem ?? undefined);
  };
  const save = async (kind: 'json' | 'canvas') => {
    const { toCanvasFile, toJsonCanvas } = await import('@/canvas/document/files');
    const words = jobWords(jobs);
    const file = kind === 'json' ? toCanvasFile(document, canvas.name, words) : toJsonCanvas(document, words);
    downloadJson(file, fileName(canvas.name, kind));
  };
  const picture = async (kind: 'png' | 'svg') => {
    const ids = editor.selected;
    try {
      const { exportPng, exportSvg } = await import('@/canvas/render/export');
      download(await (kind === 'png' ? exportPng : exportSvg)(editor, { ids }), fileName(canvas.name, kind));
    } catch (error) {
      toastProblem('The picture was not made', error);
    }
  };
  const duplicate = async () => {
    try {
      const copy = await canvasApi.duplicate(canvas.id, copyName(canvas.name));
      keep(copy);
      await navigate({ to: '/w/$slug/canvases/$canvas', params: { slug: workspace.slug, canvas: copy.id }, search: {} });
    } catch (error) {
      toastProblem(`${canvas.name} was not duplicated`, error);
    }
  };
  return (
    <>
      <MenuItem icon={<Search />} onSelect={() => editor.set({ find: true })}>
        Find on the canvas
      </MenuItem>
      <MenuItem icon={<SquareTerminal />} onSelect={onActions}>
        All actions
      </MenuItem>
      <MenuItem icon={<Keyboard />} onSelect={() => useUi.setState({ helping: true })}>
        Keyboard shortcuts
      </MenuItem>
      <MenuLine />
      <MenuItem icon={<Link2 />} onSelect={onShare}>
        Copy a link
      </MenuItem>
      {workspace.role !== 'viewer' && (
        <MenuItem icon={<Copy />} onSelect={() => void duplicate()}>
          Duplicate
        </MenuItem>
      )}
      <MenuLine />
      <MenuGroup label={selected > 0 ? 'Save what is selected as a picture' : 'Save as a picture'}>
        <MenuItem icon={<ImageDown />} onSelect={() => void picture('png')}>
          PNG
        </MenuItem>
        <MenuItem icon={<ImageDown />} onSelect={() => void picture('svg')}>
          SVG
        </MenuItem>
      </MenuGroup>
      <MenuGroup label="Save as a file">
        <MenuItem icon={<Download />} onSelect={() => void save('json')}>
          JSON, to read in again
        </MenuItem>
        <MenuItem icon={<Download />} onSelect={() => void save('canvas')}>
          JSON Canvas, for other programs
        </MenuItem>
      </MenuGroup>
      {!readOnly && (
        <>
          <MenuLine />
          <MenuItem icon={<FileUp />} onSelect={() => void bring()}>
            Add from a file…
          </MenuItem>
        </>
      )}
    </>
  );
}
