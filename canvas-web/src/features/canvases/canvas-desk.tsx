import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import type { Canvas, User, Workspace } from '@/api/types';
import { isNewer } from '@/canvas/document';
import { useSyncStatus } from '@/canvas/sync/hooks';
import type { CanvasSession } from '@/canvas/sync/session';
import type { ObjectView, Point } from '@/canvas/types';
import { openPalette } from '@/shared/lib/palette';
import { usePhone } from '@/shared/lib/use-media';
import { Loading } from '@/shared/ui/bits';
import { toast } from '@/shared/ui/toast';
import { AsOutline } from './as-outline';
import { BusyMarks } from './busy-marks';
import { CanvasMenu } from './canvas-menu';
import { CanvasNotes, type Watching } from './canvas-notes';
import { useFirstLook, useMakeReady, useObjectLink, useOneGroup, useSelectedKeys, useSheet } from './desk-hooks';
import { downloadJson, fileName, jobWords } from './files';
import { FollowNote } from './follow-note';
import { Offers } from './offers';
import { freePlace } from './places';
import { Stage } from './stage';
import { ToolPalette } from './tool-palette';
import { TopBar } from './top-bar';
import { type Desk, type DeskCalls, useDesk } from './use-desk';
import { type JobPlace, useDeskCalls } from './use-desk-calls';

// What is opened now and then is loaded then.
const DeskActions = lazy(() => import('./desk-actions').then((m) => ({ default: m.DeskActions })));
const CreateJobDialog = lazy(() => import('@/features/create/create-job-dialog').then((m) => ({ default: m.CreateJobDialog })));
const JobsPanel = lazy(() => import('./jobs-panel').then((m) => ({ default: m.JobsPanel })));
const FolderDialog = lazy(() => import('./folder-dialog').then((m) => ({ default: m.FolderDialog })));
const JobBeside = lazy(() => import('@/features/job/job-beside').then((m) => ({ default: m.JobBeside })));
const PromoteDialog = lazy(() => import('./promote-dialog').then((m) => ({ default: m.PromoteDialog })));

interface Props {
  workspace: Workspace;
  me: User;
  canvas: Canvas;
  session: CanvasSession;
  /** Opens the canvas afresh from the server, without this browser's copy. */
  onDiscard: () => void;
}

/** An open canvas with everything around it. */
export function CanvasDesk({ workspace, me, canvas, session, onDiscard }: Props) {
  const [newJob, setNewJob] = useState<JobPlace>();
  const [promoting, setPromoting] = useState<readonly string[]>([]);
  const calls = useDeskCalls({ workspace, canvas, onNewJob: setNewJob, onPromote: setPromoting });
  const desk = useDesk(session, workspace.id, me.id, calls);
  const watching = useWatching(workspace, me, canvas, session);
  useEffect(() => {
    desk?.editor.setReadOnly(watching !== null);
  }, [desk, watching]);
  useEffect(() => {
    if (watching === null) {
      session.provider.rightsChanged();
    }
  }, [watching, session]);
  if (!desk) {
    return <Loading label="Opening the canvas" />;
  }
  return (
    <Open
      workspace={workspace}
      me={me}
      canvas={canvas}
      session={session}
      desk={desk}
      calls={calls}
      watching={watching}
      newJob={newJob}
      promoting={promoting}
      onNewJob={setNewJob}
      onPromote={setPromoting}
      onDiscard={onDiscard}
    />
  );
}

/** Whether, and why, this person may only look. */
function useWatching(workspace: Workspace, me: User, canvas: Canvas, session: CanvasSession): Watching {
  const status = useSyncStatus(session.provider);
  // What the server sent first says which version made the document.
  const newer = status.phase === 'synced' && isNewer(session.doc);
  if (workspace.role === 'viewer') {
    return 'viewer';
  }
  if (canvas.locked && canvas.editor?.id !== me.id) {
    return 'locked';
  }
  return newer ? 'newer' : null;
}

interface OpenProps extends Props {
  desk: Desk;
  calls: DeskCalls;
  watching: Watching;
  newJob: JobPlace | undefined;
  promoting: readonly string[];
  onNewJob: (place: JobPlace | undefined) => void;
  onPromote: (ids: readonly string[]) => void;
}

function Open({ workspace, me, canvas, session, desk, calls, watching, newJob, promoting, onNewJob, onPromote, onDiscard }: OpenProps) {
  const { document, editor, undo, jobs } = desk;
  const search = useSearch({ from: '/w/$slug/canvases/$canvas' });
  const navigate = useNavigate();
  const phone = usePhone();
  const readOnly = watching !== null;
  const [jobsOpen, setJobsOpen] = useState(false);
  const [busy, setBusy] = useState<ReadonlySet<string>>(new Set());
  const outline = (search.view ?? (phone ? 'outline' : 'canvas')) === 'outline';
  const selection = useStore(editor.ui, (state) => state.selection);

  const show = useCallback(
    (view: 'outline' | 'canvas') =>
      void navigate({
        to: '/w/$slug/canvases/$canvas',
        params: { slug: workspace.slug, canvas: canvas.id },
        search: (before) => ({ ...before, view }),
        replace: true,
      }),
    [navigate, workspace.slug, canvas.id],
  );
  const find = (job: string) => {
    const [card] = editor.scene.cardsOf(job);
    if (card) {
      look();
      editor.focusOn(card);
    }
  };
  /** Shows the canvas, which on a phone the list of jobs covers. */
  const look = () => {
    if (outline) {
      show('canvas');
    }
    if (phone) {
      setJobsOpen(false);
    }
  };
  const place = (job: string, at: Point = freePlace(editor, editor.camera.camera)) => {
    if (editor.scene.cardsOf(job).size > 0) {
      find(job);
    } else if (editor.create('job', at, { job }) !== null && phone) {
      look();
      editor.fitSelection();
    }
  };
  const share = async () => {
    const address = new URL(location.href);
    address.search = '';
    const [one] = selection;
    if (one && selection.size === 1) {
      address.searchParams.set('object', one);
    }
    await navigator.clipboard.writeText(address.href).then(
      () => toast('Link copied', one && selection.size === 1 ? 'It leads to what is selected.' : undefined),
      () => window.prompt('The link:', address.href),
    );
  };
  const downloadCopy = async () => {
    const { toCanvasFile } = await import('@/canvas/document/files/canvas-file');
    downloadJson(toCanvasFile(document, canvas.name, jobWords(jobs)), fileName(canvas.name, 'json'));
  };

  const [folderOf, setFolderOf] = useState<ObjectView>();
  const group = useOneGroup(desk, selection);
  const ready = useMakeReady(workspace, desk, selection);
  const offers = useMemo(
    () =>
      group === undefined
        ? ready
        : [
            {
              id: 'folder',
              label: group.folder ? `Folder: ${group.folder}` : 'Stand for a Backlog folder…',
              run: () => setFolderOf(group),
            },
            ...ready,
          ],
    [group, ready],
  );
  useSelectedKeys(desk, selection, calls.openJob);
  useFirstLook(desk, session, search.object, outline);
  useObjectLink(desk, session, search.object);
  useSheet();
  const ideas = useMemo(
    () => promoting.map((id) => document.objects.get(id)).filter((view): view is ObjectView => view?.type === 'idea'),
    [promoting, document],
  );
  const own = useMemo(
    () => [
      { id: 'jobs', label: 'Jobs: put one on the canvas', run: () => setJobsOpen(true) },
      { id: 'outline', label: outline ? 'View: Canvas' : 'View: Outline', run: () => show(outline ? 'canvas' : 'outline') },
      ...(readOnly ? [] : offers),
    ],
    [outline, show, offers, readOnly],
  );

  return (
    <div className="relative flex h-full flex-col">
      <TopBar
        workspace={workspace}
        canvas={canvas}
        session={session}
        undo={undo}
        readOnly={readOnly}
        jobsOpen={jobsOpen}
        outline={outline}
        onJobs={() => setJobsOpen(!jobsOpen)}
        onOutline={() => show(outline ? 'canvas' : 'outline')}
        onFollow={(client) => editor.follow(client)}
        onShare={() => void share()}
        menu={
          <CanvasMenu
            workspace={workspace}
            canvas={canvas}
            me={me.id}
            desk={desk}
            readOnly={readOnly}
            onShare={() => void share()}
            onActions={openPalette}
          />
        }
      />
      <CanvasNotes
        session={session}
        watching={watching}
        editor={canvas.editor?.name}
        onDownload={() => void downloadCopy()}
        onDiscard={onDiscard}
      />
      <div className="relative flex min-h-0 flex-1">
        <Suspense>
          {jobsOpen && (
            <JobsPanel
              workspace={workspace}
              desk={desk}
              readOnly={readOnly}
              onPlace={(job) => place(job)}
              onFind={find}
              onNew={() => onNewJob({ at: freePlace(editor, editor.camera.camera) })}
              onClose={() => setJobsOpen(false)}
            />
          )}
        </Suspense>
        <div className="relative min-w-0 flex-1">
          {outline ? (
            <AsOutline
              desk={desk}
              label={canvas.name}
              me={me.id}
              readOnly={readOnly}
              calls={calls}
              onCanvas={(id) => {
                show('canvas');
                if (id !== undefined) {
                  editor.focusOn(id);
                }
              }}
            />
          ) : (
            <>
              <Stage label={canvas.name} desk={desk} readOnly={readOnly} onPlace={place} />
              <FollowNote editor={editor} presence={session.presence} />
              <BusyMarks editor={editor} ids={busy} />
              <ToolPalette editor={editor} readOnly={readOnly} />
            </>
          )}
          {!readOnly && <Offers actions={offers} />}
        </div>
        <Suspense>{search.job !== undefined && <JobBeside workspace={workspace} number={search.job} beside="canvas" />}</Suspense>
      </div>
      <Suspense>
        {newJob && (
          <CreateJobDialog
            workspace={workspace}
            onClose={() => onNewJob(undefined)}
            onCreated={(job) => editor.create('job', newJob.at, { job: job.id })}
          />
        )}
        {ideas.length > 0 && (
          <PromoteDialog
            workspace={workspace}
            canvas={canvas.id}
            document={document}
            ideas={ideas}
            onBusy={(ids, on) => setBusy(new Set(on ? ids : []))}
            onClose={() => onPromote([])}
          />
        )}
        {folderOf && <FolderDialog ws={workspace.id} canvas={canvas.id} group={folderOf} onClose={() => setFolderOf(undefined)} />}
        <DeskActions desk={desk} readOnly={readOnly} own={own} />
      </Suspense>
    </div>
  );
}
