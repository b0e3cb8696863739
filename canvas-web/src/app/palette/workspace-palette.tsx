import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { CircleHelp, FileText, Frame, Moon, MoveRight, NotebookPen, Plus, Search, SquareTerminal, Sun, SunMoon } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useCanvases } from '@/api/canvases';
import { useJobs, workspacesQuery } from '@/api/hooks';
import { searchWorkspace } from '@/api/insight';
import { keys } from '@/api/keys';
import type { Job, SearchHit, Workspace } from '@/api/types';
import { fitting } from '@/shared/lib/fuzzy';
import { type Action, type ActionGroup, usePalette } from '@/shared/lib/palette';
import { keyOfPage } from '@/shared/lib/shortcut-list';
import { useTheme } from '@/shared/lib/theme';
import { useUi } from '@/shared/lib/ui-store';
import { useLater } from '@/shared/lib/use-later';
import { StateIcon } from '@/shared/ui/bits';
import { Marked } from '@/shared/ui/marked';
import { Palette } from '@/shared/ui/palette';
import { pages } from '../pages';
import { recent } from './recent';

interface Props {
  workspace: Workspace;
  /** What can be done with the open job. */
  ofJob: readonly Action[];
  onClose: () => void;
}

/** Most of a kind, so that each kind is in sight. */
const MOST = 8;

/** Everything in the workspace by its name (Ctrl+K): what can be done here, pages, jobs, canvases, and what the server finds. */
export function WorkspacePalette({ workspace, ofJob, onClose }: Props) {
  const [query, setQuery] = useState('');
  const typed = query.trim();
  const here = usePalette((state) => state.offers);
  // Asked once: what a canvas offers would otherwise be made anew at each letter.
  const offered = useMemo(() => here.map((offer) => offer()), [here]);
  const general = useGeneral(workspace);
  const jobs = useJobs(workspace.id);
  const canvases = useCanvases(workspace.id).data;
  const go = useGo(workspace.slug);
  const found = useFound(workspace, typed, go);

  const jobAction = (job: Job): Action => ({
    id: `job-${job.id}`,
    label: `#${job.number} ${job.title}`,
    icon: <StateIcon state={job.state} />,
    run: () => go.job(job.number),
  });
  const canvasAction = (canvas: { id: string; name: string }): Action => ({
    id: `canvas-page-${canvas.id}`,
    label: canvas.name,
    words: 'canvas',
    icon: <Frame />,
    run: () => go.canvas(canvas.id),
  });
  const text = ({ label, words }: Action) => `${label} ${words ?? ''}`;
  const fittingActions = (actions: readonly Action[], most = MOST) => fitting(actions, query, text).slice(0, most);

  const groups: ActionGroup[] = [];
  if (typed === '') {
    const visits = recent(workspace.id).flatMap(({ kind, id }) => {
      const job = kind === 'job' ? Object.values(jobs ?? {}).find(({ number }) => String(number) === id) : undefined;
      const canvas = kind === 'canvas' ? canvases?.find((each) => each.id === id) : undefined;
      return job ? [jobAction(job)] : canvas ? [canvasAction(canvas)] : [];
    });
    groups.push({ title: 'Open job', actions: ofJob }, { title: 'Recent', actions: visits }, ...general, ...offered);
  } else {
    const byNumber = Object.values(jobs ?? {}).sort((a, b) => b.number - a.number);
    groups.push(
      { title: 'Open job', actions: fittingActions(ofJob) },
      {
        title: 'Jobs',
        actions: fitting(byNumber, query, (job) => `#${job.number} ${job.title}`)
          .slice(0, MOST)
          .map(jobAction),
      },
      ...offered.map(({ title, actions }) => ({ title, actions: fittingActions(actions) })),
      ...general.map(({ title, actions }) => ({ title, actions: fittingActions(actions) })),
      { title: 'Canvases', actions: fittingActions((canvases ?? []).map(canvasAction)) },
      { title: 'Found in words', actions: found.actions },
      {
        title: 'Search',
        actions: [{ id: 'search-all', label: `Search everything for “${typed}”`, icon: <Search />, run: () => go.search(typed) }],
      },
    );
  }
  return (
    <Palette
      label="Commands"
      placeholder="What to do or to find"
      query={query}
      onQuery={setQuery}
      groups={groups}
      busy={found.busy}
      none="Nothing is called so."
      onClose={onClose}
    />
  );
}

type Go = ReturnType<typeof useGo>;

function useGo(slug: string) {
  const navigate = useNavigate();
  return {
    job: (number: number) => void navigate({ to: '/w/$slug/jobs/$number', params: { slug, number }, search: {} }),
    canvas: (canvas: string) => void navigate({ to: '/w/$slug/canvases/$canvas', params: { slug, canvas }, search: {} }),
    search: (q: string) => void navigate({ to: '/w/$slug/search', params: { slug }, search: { q } }),
    tab: (number: number, tab: 'notes' | 'files') =>
      void navigate({ to: '/w/$slug/jobs/$number', params: { slug, number }, search: { tab } }),
    line: (number: number, attempt: number, seq: number) =>
      void navigate({ to: '/w/$slug/jobs/$number', params: { slug, number }, search: { tab: 'log', attempt }, hash: String(seq) }),
  };
}

/** What is there on every page. */
function useGeneral(workspace: Workspace): ActionGroup[] {
  const navigate = useNavigate();
  const { choice, choose } = useTheme();
  const others = useQuery(workspacesQuery).data?.filter(({ id }) => id !== workspace.id) ?? [];
  const actions: Action[] = [];
  if (workspace.role !== 'viewer') {
    actions.push({
      id: 'new-job',
      label: 'New job',
      words: 'create add',
      keys: ['C'],
      icon: <Plus />,
      run: () => useUi.setState({ creating: true }),
    });
  }
  actions.push({
    id: 'shortcuts',
    label: 'Keyboard shortcuts',
    words: 'help keys',
    keys: ['?'],
    icon: <CircleHelp />,
    run: () => useUi.setState({ helping: true }),
  });
  const themes = [
    ['system', 'Theme: like the system', <SunMoon key="system" />],
    ['light', 'Theme: light', <Sun key="light" />],
    ['dark', 'Theme: dark', <Moon key="dark" />],
  ] as const;
  for (const [theme, label, icon] of themes) {
    if (theme !== choice) {
      actions.push({ id: `theme-${theme}`, label, words: 'colours mode', icon, run: () => choose(theme) });
    }
  }
  for (const each of others) {
    actions.push({
      id: `workspace-${each.id}`,
      label: `Switch to ${each.name}`,
      words: 'workspace',
      icon: <MoveRight />,
      run: () => void navigate({ to: '/w/$slug', params: { slug: each.slug }, search: {} }),
    });
  }
  const places = pages.map((page): Action => {
    const keysOf = keyOfPage(page.label);
    return {
      id: `page-${page.label}`,
      label: page.label,
      words: 'go to page',
      icon: <page.icon />,
      keys: keysOf?.toUpperCase().split(' '),
      run: () => void navigate({ to: page.to, params: { slug: workspace.slug } }),
    };
  });
  return [
    { title: 'Pages', actions: places },
    { title: 'Actions', actions },
  ];
}

/** How long somebody types on before the server is asked. */
const PAUSE_MS = 150;

/** Notes, files, logs and descriptions: what the browser does not have. */
function useFound(workspace: Workspace, typed: string, go: Go): { actions: Action[]; busy: boolean } {
  const q = useLater(typed, PAUSE_MS);
  const asked = q.length >= 2 && q.length <= 200;
  const hits = useQuery({
    queryKey: keys.search(workspace.id, q, undefined, 12),
    queryFn: ({ signal }) => searchWorkspace(workspace.id, { q, limit: 12 }, signal),
    enabled: asked,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  });
  const items = asked && typed !== '' ? (hits.data?.items ?? []) : [];
  return {
    busy: asked && hits.isFetching,
    // Titles and numbers stand among the jobs already.
    actions: items.filter((hit) => hit.kind !== 'job' || hit.job.title.highlights.length === 0).flatMap((hit) => hitAction(hit, go)),
  };
}

function hitAction(hit: SearchHit, go: Go): Action[] {
  const { number, title } = hit.job;
  const of = `#${number} ${title.text}`;
  const detail = <Marked snippet={hit.snippet} />;
  switch (hit.kind) {
    case 'job':
      return hit.snippet.highlights.length === 0
        ? []
        : [{ id: `hit-job-${hit.job.id}`, label: of, detail, icon: <StateIcon state={hit.job.state} />, run: () => go.job(number) }];
    case 'file':
      return [{ id: `hit-${hit.file}`, label: `File of ${of}`, detail, icon: <FileText />, run: () => go.tab(number, 'files') }];
    case 'note':
      return [{ id: `hit-${hit.note}`, label: `Note on ${of}`, detail, icon: <NotebookPen />, run: () => go.tab(number, 'notes') }];
    case 'log':
      return [
        {
          id: `hit-${hit.attempt}-${hit.seq}`,
          label: `Log of ${of}`,
          detail,
          icon: <SquareTerminal />,
          run: () => go.line(number, hit.number, hit.seq),
        },
      ];
  }
}
