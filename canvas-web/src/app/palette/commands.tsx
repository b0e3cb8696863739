import { useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect } from 'react';
import type { Workspace } from '@/api/types';
import { openPalette, usePalette } from '@/shared/lib/palette';
import { useControlKey, useShortcuts } from '@/shared/lib/shortcuts';
import { visited, visitOf } from './recent';
import { useOpenJob } from './use-open-job';

const load = () => import('./workspace-palette');
const WorkspacePalette = lazy(() => load().then((m) => ({ default: m.WorkspacePalette })));

/** When the page stands, the palette is fetched: what is typed right after its keys would be lost on the way. */
const SOON_MS = 1000;

const close = () => usePalette.setState({ open: false });

/** The command palette and its keys, on every page of a workspace. */
export function Commands({ workspace }: { workspace: Workspace }) {
  const open = usePalette((state) => state.open);
  const { actions, question } = useOpenJob(workspace);
  useControlKey('k', openPalette);
  useShortcuts({ '/': openPalette });
  useEffect(() => close, []);
  useEffect(() => {
    const timer = setTimeout(() => void load().catch(() => {}), SOON_MS);
    return () => clearTimeout(timer);
  }, []);
  const location = useRouterState({ select: (state) => state.location });
  const visit = visitOf(workspace.slug, location.pathname, location.search as Record<string, unknown>);
  const [kind, id] = [visit?.kind, visit?.id];
  useEffect(() => {
    if (kind && id) {
      visited(workspace.id, { kind, id });
    }
  }, [workspace.id, kind, id]);
  return (
    <>
      <Suspense>{open && <WorkspacePalette workspace={workspace} ofJob={actions} onClose={close} />}</Suspense>
      {question}
    </>
  );
}
