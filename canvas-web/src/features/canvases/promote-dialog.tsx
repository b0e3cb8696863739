import { type FormEvent, useState } from 'react';
import { canvasApi } from '@/api/canvases';
import { useAgentNames, useKeepJob } from '@/api/hooks';
import type { Job, PromoteIdea, Workspace } from '@/api/types';
import type { CanvasDocument, ObjectView } from '@/canvas/types';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';
import { Field, Select, Toggle } from '@/shared/ui/forms';
import { toast } from '@/shared/ui/toast';

interface Props {
  workspace: Workspace;
  canvas: string;
  document: CanvasDocument;
  ideas: readonly ObjectView[];
  /** Told before the server is asked, to show that it is under way. */
  onBusy: (ids: readonly string[], busy: boolean) => void;
  onClose: () => void;
}

/** The first line is the title, what follows the description, as the server does it. */
export function titleOf(text: string): string {
  return (text.trim().split('\n')[0] ?? '').trim().slice(0, 200);
}

/** Whether the idea is planned to wait for something. */
export const waitsForOthers = (document: Pick<CanvasDocument, 'links'>, idea: string): boolean =>
  [...document.links.values()].some((link) => link.kind === 'dep' && link.to.object === idea);

/** Makes ideas jobs: each once, whoever else does the same (CAN-4). */
export function PromoteDialog({ workspace, canvas, document, ideas, onBusy, onClose }: Props) {
  const one = ideas.length === 1 ? ideas[0] : undefined;
  const [title, setTitle] = useState(one ? titleOf(one.text) : '');
  const [agent, setAgent] = useState('');
  const [secret, setSecret] = useState(false);
  const [autoReady, setAutoReady] = useState(ideas.some(({ id }) => waitsForOthers(document, id)));
  const [busy, setBusy] = useState(false);
  const [left, setLeft] = useState(ideas);
  const [problem, setProblem] = useState<unknown>();
  const agents = useAgentNames(workspace.id);
  const keep = useKeepJob(workspace.id);
  const untitled = one !== undefined && title.trim() === '';

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const ids = left.map(({ id }) => id);
    onBusy(ids, true);
    const made: Job[] = [];
    let already = 0;
    let failed: unknown;
    let remaining = [...left];
    for (const idea of inOrder(document, left)) {
      const body: PromoteIdea = {
        agent: agent === '' ? undefined : agent,
        private: secret || undefined,
        auto_ready: (autoReady && (one !== undefined || waitsForOthers(document, idea.id))) || undefined,
        title: one && title.trim() !== titleOf(idea.text) ? title.trim() : undefined,
      };
      try {
        const promoted = await canvasApi.promote(canvas, idea.id, body);
        keep(promoted.job);
        if (promoted.made) {
          made.push(promoted.job);
        } else {
          already += 1;
        }
      } catch (error) {
        failed = error;
        break;
      }
      remaining = remaining.filter(({ id }) => id !== idea.id);
    }
    onBusy(ids, false);
    if (made.length > 0 || already > 0) {
      toast(madeWords(made, already), already > 0 ? 'Somebody was a moment faster.' : undefined);
    }
    if (failed !== undefined) {
      setProblem(failed);
      setLeft(remaining);
      setBusy(false);
    } else {
      onClose();
    }
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={one ? 'Make it a job' : `Make ${left.length} ideas jobs`}
      description="It starts in Staged. The card stays where the idea is, with its connectors."
    >
      <form onSubmit={submit} className="flex min-h-0 flex-col">
        <DialogBody className="flex flex-col gap-4">
          {one ? (
            <Field
              label="Title"
              hint="The rest of the text becomes the description."
              error={untitled ? 'Give the job a title.' : undefined}
            >
              {(ids) => (
                <input
                  {...ids}
                  className="field"
                  value={title}
                  maxLength={200}
                  autoFocus
                  onChange={(event) => setTitle(event.target.value)}
                />
              )}
            </Field>
          ) : (
            <ul className="flex max-h-40 flex-col gap-0.5 overflow-y-auto rounded-lg border bg-sunken px-3 py-2 text-sm">
              {left.map((idea) => (
                <li key={idea.id} className="truncate">
                  {titleOf(idea.text) || <span className="text-ink-3">An idea without words</span>}
                </li>
              ))}
            </ul>
          )}
          <Field label="Who does it">
            {(ids) => (
              <Select {...ids} value={agent} onChange={(event) => setAgent(event.target.value)}>
                <option value="">People</option>
                <option value="any">Any agent</option>
                {agents.map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          {ideas.some(({ id }) => waitsForOthers(document, id)) && (
            <Toggle
              checked={autoReady}
              onChange={setAutoReady}
              label="Ready by itself"
              hint="It becomes ready when what it depends on is done."
            />
          )}
          <Toggle
            checked={secret}
            onChange={setSecret}
            label="Private"
            hint={
              secret
                ? 'Only owner, team and admins see the job. Everybody here has already seen the text of the idea; it is taken off the canvas.'
                : 'Only owner, team and admins see the job.'
            }
          />
          {problem !== undefined && <ProblemNote title="It was not made a job" error={problem} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy} disabled={untitled}>
            {left.length === 1 ? 'Make job' : `Make ${left.length} jobs`}
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  );
}

export function madeWords(made: readonly Job[], already: number): string {
  const [first] = made;
  if (!first) {
    return already === 1 ? 'It is a job already' : 'They are jobs already';
  }
  return made.length === 1 ? `#${first.number} created` : `${made.length} jobs created`;
}

/** What others wait for comes first, so that its job is there when theirs is made. */
export function inOrder(document: Pick<CanvasDocument, 'links'>, ideas: readonly ObjectView[]): ObjectView[] {
  const before = new Map<string, string[]>();
  for (const { kind, from, to } of document.links.values()) {
    if (kind === 'dep') {
      before.set(to.object, [...(before.get(to.object) ?? []), from.object]);
    }
  }
  const byId = new Map(ideas.map((idea) => [idea.id, idea]));
  const done = new Set<string>();
  const result: ObjectView[] = [];
  const visit = (id: string) => {
    const idea = byId.get(id);
    if (idea && !done.has(id)) {
      done.add(id);
      before.get(id)?.forEach(visit);
      result.push(idea);
    }
  };
  for (const { id } of ideas) {
    visit(id);
  }
  return result;
}
