import { Link } from '@tanstack/react-router';
import { Share2 } from 'lucide-react';
import type { RunnerView, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { useNow } from '@/shared/lib/now';
import { usePhone } from '@/shared/lib/use-media';
import { Chip } from '@/shared/ui/bits';
import { RunnerActions } from './runner-actions';
import { agentsWords, nowWords, RunnerStatusMark, seenWords } from './status';

interface Props {
  workspace: Workspace;
  runners: readonly RunnerView[];
  whose: 'all' | undefined;
  me: string | undefined;
  /** The one that is shown beside. */
  chosen: string | undefined;
  onChanged: () => void;
}

/** The runners with the columns of RUN-4; cards on a phone. */
export function RunnerList(props: Props) {
  return usePhone() ? <Cards {...props} /> : <Table {...props} />;
}

const Agents = ({ runner }: { runner: RunnerView }) =>
  runner.agents.length === 0 ? (
    <span className="text-ink-2">none told</span>
  ) : (
    <span className="flex flex-wrap gap-1">
      {agentsWords(runner).map((words) => (
        <Chip key={words}>{words}</Chip>
      ))}
    </span>
  );

const Name = ({ workspace, runner, whose }: { workspace: Workspace; runner: RunnerView; whose: 'all' | undefined }) => (
  <Link
    to="/w/$slug/runners"
    params={{ slug: workspace.slug }}
    search={{ whose, runner: runner.id }}
    className="wrap-anywhere font-semibold hover:underline"
  >
    {runner.name}
  </Link>
);

const Owner = ({ runner, mine }: { runner: RunnerView; mine: boolean }) => (
  <span className="flex flex-wrap items-center gap-1.5 text-ink-2 text-xs">
    {mine ? 'yours' : runner.owner.name}
    {runner.shared && (
      <Chip title="Others’ jobs may use it">
        <Share2 className="size-3" aria-hidden /> shared
      </Chip>
    )}
  </span>
);

function Table({ workspace, runners, whose, me, chosen, onChanged }: Props) {
  const now = useNow();
  return (
    <div className="overflow-x-auto rounded-xl border bg-surface shadow-card">
      <table className="w-full text-left text-sm">
        <thead className="border-b text-ink-3 text-xs">
          <tr className="[&>th]:whitespace-nowrap [&>th]:px-3 [&>th]:py-2 [&>th]:font-medium">
            <th scope="col">Runner</th>
            <th scope="col">Status</th>
            <th scope="col">Agents</th>
            <th scope="col">Platform</th>
            <th scope="col">Version</th>
            <th scope="col" className="text-right" title="Jobs it works on now, of as many as it takes at once">
              Jobs now
            </th>
            <th scope="col" className="text-right">
              Jobs ever
            </th>
            <th scope="col">Last heard of</th>
            <th scope="col">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {runners.map((runner) => (
            <tr
              key={runner.id}
              className={cx('border-b last:border-0 [&>td]:px-3 [&>td]:py-2.5', runner.id === chosen && 'bg-accent-soft')}
            >
              <td className="min-w-36">
                <Name workspace={workspace} runner={runner} whose={whose} />
                <Owner runner={runner} mine={runner.owner.id === me} />
              </td>
              <td>
                <RunnerStatusMark runner={runner} />
              </td>
              <td className="min-w-28 max-w-64">
                <Agents runner={runner} />
              </td>
              <td className="whitespace-nowrap text-ink-2">{runner.platform ?? '–'}</td>
              <td className="whitespace-nowrap text-ink-2">{runner.version ?? '–'}</td>
              <td className="whitespace-nowrap text-right tabular-nums">{nowWords(runner)}</td>
              <td className="text-right tabular-nums">{runner.lifetime_jobs}</td>
              <td className="whitespace-nowrap text-ink-2">{seenWords(runner, now)}</td>
              <td className="text-right">
                <RunnerActions workspace={workspace} runner={runner} mine={runner.owner.id === me} onChanged={onChanged} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cards({ workspace, runners, whose, me, onChanged }: Props) {
  const now = useNow();
  return (
    <ul className="flex flex-col gap-2">
      {runners.map((runner) => (
        <li key={runner.id} className="flex items-start gap-3 rounded-xl border bg-surface px-4 py-3 shadow-card">
          <div className="flex min-w-0 flex-1 flex-col gap-1.5 text-sm">
            <p className="flex flex-wrap items-center justify-between gap-x-3">
              <Name workspace={workspace} runner={runner} whose={whose} />
              <RunnerStatusMark runner={runner} />
            </p>
            <Owner runner={runner} mine={runner.owner.id === me} />
            <Agents runner={runner} />
            <p className="text-ink-2 text-xs">
              {[
                runner.concurrency > 0 && `${nowWords(runner)} now`,
                `${runner.lifetime_jobs} ever`,
                runner.platform,
                runner.version && `version ${runner.version}`,
                runner.last_seen_at ? `heard of ${seenWords(runner, now)}` : seenWords(runner, now),
              ]
                .filter(Boolean)
                .join(' · ')}
            </p>
          </div>
          <RunnerActions workspace={workspace} runner={runner} mine={runner.owner.id === me} onChanged={onChanged} />
        </li>
      ))}
    </ul>
  );
}
