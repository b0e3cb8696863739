import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { ScrollText, X } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useMe, useMembers, useWorkspace } from '@/api/hooks';
import { keys } from '@/api/keys';
import { type PatchSettings, people } from '@/api/people';
import { ApiProblem } from '@/api/problem';
import type { Member, Priority, Workspace } from '@/api/types';
import { priorities, priorityWords } from '@/shared/lib/words';
import { Loading, ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Field, Select } from '@/shared/ui/forms';
import { Page } from '@/shared/ui/page';
import { Section } from '@/shared/ui/section';
import { toast } from '@/shared/ui/toast';
import { TypedConfirm } from '@/shared/ui/typed-confirm';

export function SettingsPage() {
  const { slug } = useParams({ from: '/w/$slug' });
  const workspace = useWorkspace(slug);
  return workspace ? <Settings key={workspace.id} workspace={workspace} /> : <Loading />;
}

function Settings({ workspace }: { workspace: Workspace }) {
  const administer = workspace.role === 'owner' || workspace.role === 'admin';
  return (
    <Page
      title="Settings"
      action={
        administer && (
          <Link
            to="/w/$slug/audit"
            params={{ slug: workspace.slug }}
            className="inline-flex h-8 items-center gap-1.5 rounded-lg border border-line-strong bg-surface px-3 font-medium text-sm hover:bg-hover dark:bg-raised"
          >
            <ScrollText className="size-4" aria-hidden /> Audit log
          </Link>
        )
      }
      lead={
        administer
          ? `What holds for everybody in ${workspace.name}.`
          : `What holds for everybody in ${workspace.name}. Its admins and its owner can change it (ACC-3).`
      }
    >
      <General key={workspace.version} workspace={workspace} disabled={!administer} />
      {workspace.role === 'owner' && <DangerZone workspace={workspace} />}
    </Page>
  );
}

const MIB = 1024 * 1024;

function General({ workspace, disabled }: { workspace: Workspace; disabled: boolean }) {
  const cache = useQueryClient();
  const { settings } = workspace;
  const [name, setName] = useState(workspace.name);
  const [priority, setPriority] = useState<Priority>(settings.default_priority ?? 'medium');
  const [domains, setDomains] = useState<string[]>(settings.domains ?? []);
  const [upload, setUpload] = useState(settings.max_upload ? String(settings.max_upload / MIB) : '');
  const [openJobs, setOpenJobs] = useState(settings.max_open_jobs ? String(settings.max_open_jobs) : '');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const changed: PatchSettings = {
      default_priority: priority,
      domains,
      max_upload: upload.trim() === '' ? 0 : Math.round(Number(upload) * MIB),
      max_open_jobs: openJobs.trim() === '' ? 0 : Number(openJobs),
    };
    try {
      const after = await people.patchWorkspace(workspace.id, { name: name.trim(), settings: changed, if_version: workspace.version });
      cache.setQueryData<Workspace[]>(keys.workspaces, (all) => all?.map((one) => (one.id === after.id ? after : one)));
      toast('The settings are saved');
    } catch (error) {
      setProblem(error);
      if (error instanceof ApiProblem && error.status === 409) {
        await cache.invalidateQueries({ queryKey: keys.workspaces });
      }
    }
    setBusy(false);
  };
  const errors = problem instanceof ApiProblem ? problem.errors : {};
  const known = ['name', 'settings.domains', 'settings.max_upload', 'settings.max_open_jobs'];
  return (
    <Section title="General">
      <form onSubmit={submit} className="rounded-xl border bg-surface p-4">
        <fieldset disabled={disabled || busy} className="flex max-w-md flex-col gap-4">
          <Field label="Name" error={errors.name}>
            {(ids) => (
              <input {...ids} className="field" value={name} maxLength={80} required onChange={(event) => setName(event.target.value)} />
            )}
          </Field>
          <Field label="Default priority" hint="Of a new job that names none.">
            {(ids) => (
              <Select {...ids} value={priority} onChange={(event) => setPriority(event.target.value as Priority)}>
                {priorities.map((one) => (
                  <option key={one} value={one}>
                    {priorityWords[one]}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <Domains value={domains} onChange={setDomains} error={errors['settings.domains']} disabled={disabled} />
          <Field label="Largest file, in MiB" optional hint="Empty: as large as the server allows." error={errors['settings.max_upload']}>
            {(ids) => (
              <input
                {...ids}
                className="field"
                type="number"
                min="0"
                step="any"
                value={upload}
                onChange={(event) => setUpload(event.target.value)}
              />
            )}
          </Field>
          <Field
            label="Most open jobs"
            optional
            hint="Jobs that are neither done nor canceled. Empty: no limit."
            error={errors['settings.max_open_jobs']}
          >
            {(ids) => (
              <input
                {...ids}
                className="field"
                type="number"
                min="0"
                step="1"
                value={openJobs}
                onChange={(event) => setOpenJobs(event.target.value)}
              />
            )}
          </Field>
          {problem !== undefined && !known.some((field) => errors[field]) && <ProblemNote error={problem} />}
          {!disabled && (
            <Button type="submit" look="primary" className="w-fit" busy={busy} disabled={name.trim() === ''}>
              Save
            </Button>
          )}
        </fieldset>
      </form>
    </Section>
  );
}

/** Labels that are offered for jobs. */
function Domains({
  value,
  onChange,
  error,
  disabled,
}: {
  value: string[];
  onChange: (value: string[]) => void;
  error?: string;
  disabled: boolean;
}) {
  const [typed, setTyped] = useState('');
  const add = () => {
    const name = typed.trim();
    if (name !== '' && !value.includes(name)) {
      onChange([...value, name].sort((a, b) => a.localeCompare(b)));
    }
    setTyped('');
  };
  return (
    <div className="flex flex-col gap-2">
      <Field label="Domains" hint="Labels offered for jobs, such as web or docs." error={error}>
        {(ids) => (
          <span className="flex gap-2">
            <input
              {...ids}
              className="field"
              value={typed}
              maxLength={80}
              onChange={(event) => setTyped(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter') {
                  event.preventDefault();
                  add();
                }
              }}
            />
            <Button onClick={add} disabled={disabled || typed.trim() === ''}>
              Add
            </Button>
          </span>
        )}
      </Field>
      {value.length > 0 && (
        <ul aria-label="Domains offered" className="flex flex-wrap gap-1.5">
          {value.map((name) => (
            <li key={name} className="inline-flex max-w-full items-center gap-1 rounded-md border bg-sunken py-0.5 pr-0.5 pl-2 text-xs">
              <span className="truncate">{name}</span>
              <button
                type="button"
                aria-label={`Remove ${name}`}
                className="rounded p-0.5 text-ink-3 hover:bg-hover hover:text-ink"
                onClick={() => onChange(value.filter((one) => one !== name))}
              >
                <X className="size-3.5" aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function DangerZone({ workspace }: { workspace: Workspace }) {
  const me = useMe();
  const members = useMembers(workspace.id);
  const cache = useQueryClient();
  const navigate = useNavigate();
  const others = members.data?.filter((member) => member.user !== me?.id) ?? [];
  const [chosen, setChosen] = useState('');
  const [asking, setAsking] = useState<'transfer' | 'delete'>();
  const heir: Member | undefined = others.find((member) => member.user === chosen);
  const transfer = async () => {
    if (heir) {
      await people.setRole(workspace.id, heir.user, 'owner');
      await cache.invalidateQueries({ queryKey: keys.members(workspace.id) });
      await cache.invalidateQueries({ queryKey: keys.workspaces });
      setAsking(undefined);
      toast(`${heir.name} owns ${workspace.name} now`);
    }
  };
  const remove = async () => {
    await people.deleteWorkspace(workspace.id);
    cache.setQueryData<Workspace[]>(keys.workspaces, (all) => all?.filter(({ id }) => id !== workspace.id));
    await navigate({ to: '/' });
  };
  return (
    <Section title="Danger zone">
      <div className="divide-y rounded-xl border border-failed/40 bg-surface">
        <div className="flex flex-wrap items-center gap-3 p-4">
          <div className="min-w-48 flex-1">
            <Field label="Hand the workspace over" hint="The new owner can do everything; you become an admin.">
              {(ids) => (
                <Select {...ids} value={chosen} onChange={(event) => setChosen(event.target.value)}>
                  <option value="">{others.length === 0 ? 'There is nobody else yet' : 'Choose a member'}</option>
                  {others.map((member) => (
                    <option key={member.user} value={member.user}>
                      {member.name} · {member.email}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
          </div>
          <Button look="danger" disabled={!heir} onClick={() => setAsking('transfer')}>
            Hand over…
          </Button>
        </div>
        <div className="flex flex-wrap items-center gap-3 p-4">
          <div className="min-w-48 flex-1">
            <p className="font-medium text-sm">Delete the workspace</p>
            <p className="text-ink-3 text-xs">With its jobs, logs, files and canvases. Nothing of it can be brought back.</p>
          </div>
          <Button look="danger" onClick={() => setAsking('delete')}>
            Delete…
          </Button>
        </div>
      </div>
      {asking === 'transfer' && heir && (
        <TypedConfirm
          title={`Make ${heir.name} the owner?`}
          word={workspace.name}
          action="Hand over"
          onClose={() => setAsking(undefined)}
          onConfirm={transfer}
        >
          A workspace has one owner. You become an admin, and only {heir.name} can give it back.
        </TypedConfirm>
      )}
      {asking === 'delete' && (
        <TypedConfirm
          title={`Delete ${workspace.name}?`}
          word={workspace.name}
          action="Delete for good"
          onClose={() => setAsking(undefined)}
          onConfirm={remove}
        >
          Everything in it goes, for everybody. What agents work on now is stopped.
        </TypedConfirm>
      )}
    </Section>
  );
}
