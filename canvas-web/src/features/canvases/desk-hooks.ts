/** What the page of a canvas reacts to. */
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { moveCommand, useJobCommands } from '@/api/commands';
import type { Job, Workspace } from '@/api/types';
import { shortcuts } from '@/canvas/interact';
import { fitted } from '@/canvas/scene/geometry';
import { useSyncStatus } from '@/canvas/sync/hooks';
import type { CanvasSession } from '@/canvas/sync/session';
import type { ObjectView } from '@/canvas/types';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { type SheetGroup, useUi } from '@/shared/lib/ui-store';
import { toast, toastProblem } from '@/shared/ui/toast';
import { answerBy, isShort } from './job-card';
import type { Desk } from './use-desk';

/** Jobs that have a card on the canvas. */
export function usePlaced({ editor }: Desk): ReadonlySet<string> {
  const [placed, setPlaced] = useState<ReadonlySet<string>>(() => new Set(editor.scene.jobs()));
  useEffect(
    () =>
      editor.scene.subscribe(({ objects }) => {
        setPlaced((before) => {
          const now = new Set(editor.scene.jobs());
          return objects.size > 0 && (now.size !== before.size || [...now].some((job) => !before.has(job))) ? now : before;
        });
      }),
    [editor],
  );
  return placed;
}

const selectedJobs = (desk: Desk, selection: ReadonlySet<string>): Job[] =>
  [...selection].flatMap((id) => {
    const job = desk.document.objects.get(id)?.job;
    return (job && desk.jobs.job(job)) || [];
  });

/** The group that is selected, and nothing else. */
export function useOneGroup({ document }: Desk, selection: ReadonlySet<string>): ObjectView | undefined {
  const [id] = selection;
  const subscribe = useCallback((listener: () => void) => document.subscribe(listener), [document]);
  const view = useSyncExternalStore(subscribe, () => (id === undefined ? undefined : document.objects.get(id)));
  return selection.size === 1 && view?.type === 'group' ? view : undefined;
}

/** Makes the selected jobs ready that can be. */
export function useMakeReady(workspace: Workspace, desk: Desk, selection: ReadonlySet<string>) {
  const { command } = useJobCommands(workspace.id);
  return useMemo(() => {
    const staged = selectedJobs(desk, selection).filter(({ state }) => state === 'backlog');
    const run = async () => {
      for (const job of staged) {
        try {
          const { name, body } = moveCommand(job, 'ready');
          await command(job, name, body);
        } catch (error) {
          toastProblem(`#${job.number} was not made ready`, error);
        }
      }
    };
    const label = staged.length === 1 ? `Make #${staged[0]?.number} ready` : `Make ${staged.length} jobs ready`;
    return staged.length === 0 ? [] : [{ id: 'ready', label, run: () => void run() }];
  }, [desk, selection, command]);
}

/** A and D answer what the agent of the one selected job asks. What does not stand on the card in full is shown before it is allowed. */
export function useSelectedKeys(desk: Desk, selection: ReadonlySet<string>, openJob: (job: string) => void) {
  const answer = (kind: 'allow_once' | 'deny') => {
    const [job, more] = selectedJobs(desk, selection);
    const request = job && !more ? desk.jobs.request(job.id) : undefined;
    if (job && request && kind === 'allow_once' && !isShort(request)) {
      openJob(job.id);
    } else if (request) {
      answerBy(request, kind);
    }
  };
  useShortcuts({ a: () => answer('allow_once'), d: () => answer('deny') });
}

/** What comes within this time after the first answer of the server is what was there already. */
const FIRST_MS = 250;

/** Begins with everything in view, and with the keyboard on the canvas. What is made later does not move the view. */
export function useFirstLook({ document, editor }: Desk, session: CanvasSession, object: string | undefined, outline: boolean) {
  const { phase } = useSyncStatus(session.provider);
  const [looking, setLooking] = useState(object === undefined);
  const ending = (phase === 'synced' || phase === 'refused') && !outline;
  useEffect(() => {
    if (!outline && window.document.activeElement === window.document.body) {
      editor.refocus();
    }
  }, [editor, outline]);
  useEffect(() => {
    if (!ending) {
      return;
    }
    const timer = setTimeout(() => setLooking(false), FIRST_MS);
    return () => clearTimeout(timer);
  }, [ending]);
  useEffect(() => {
    if (!looking) {
      return;
    }
    const look = () => {
      const { view } = editor.camera;
      // Who chose something already is shown that.
      const all = view.w === 0 || editor.state.selection.size > 0 ? null : editor.scene.extent();
      if (all) {
        editor.camera.set(fitted(all, view));
      }
    };
    // The person's own first step on the canvas ends it as well.
    const end = (event: Event) => {
      if (event.target instanceof Element && event.target.closest('.cv-stage')) {
        setLooking(false);
      }
    };
    look();
    let size = editor.camera.view;
    const stops = [
      editor.camera.store.subscribe(({ view }) => {
        if (view !== size) {
          size = view;
          look();
        }
      }),
      document.subscribe(look),
    ];
    const steps = ['pointerdown', 'wheel', 'keydown'];
    for (const step of steps) {
      window.addEventListener(step, end, { capture: true, passive: true });
    }
    return () => {
      for (const stop of stops) {
        stop();
      }
      for (const step of steps) {
        window.removeEventListener(step, end, { capture: true });
      }
    };
  }, [document, editor, looking]);
}

/** Goes to the object that the address names, once it is there. */
export function useObjectLink({ document, editor }: Desk, session: CanvasSession, object: string | undefined) {
  const { phase } = useSyncStatus(session.provider);
  const synced = phase === 'synced';
  useEffect(() => {
    if (object === undefined) {
      return;
    }
    if (document.objects.has(object)) {
      editor.focusOn(object);
    } else if (synced) {
      toast('What the link leads to is not on the canvas any more');
    }
  }, [document, editor, object, synced]);
}

/** The canvas's keys on the sheet that `?` opens. */
export function useSheet() {
  useEffect(() => {
    const groups = [...new Set(shortcuts.map(({ group }) => group))];
    const ofStage = groups.map(
      (title): SheetGroup => ({
        title: `Canvas: ${title.toLocaleLowerCase()}`,
        keys: shortcuts.filter(({ group }) => group === title).map(({ keys, meaning }) => [[...keys], meaning]),
      }),
    );
    const ofPage: SheetGroup = {
      title: 'Canvas',
      keys: [
        [['A'], 'Allow once what the agent of the selected job asks'],
        [['D'], 'Deny it'],
      ],
    };
    useUi.setState({ sheet: [ofPage, ...ofStage] });
    return () => useUi.setState({ sheet: [] });
  }, []);
}
