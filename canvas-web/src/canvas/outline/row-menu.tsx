import {
  ArrowUpRight,
  BriefcaseBusiness,
  Copy,
  CornerDownRight,
  Ellipsis,
  Eye,
  FolderInput,
  Frame,
  Lightbulb,
  Lock,
  LockOpen,
  Palette,
  Pencil,
  StickyNote,
  Trash2,
  Ungroup,
} from 'lucide-react';
import type { Ref } from 'react';
import { IconButton } from '@/shared/ui/button';
import { Menu, MenuItem, MenuLine, SubMenu } from '@/shared/ui/menu';
import type { OpenDocument } from '../document';
import { schema } from '../schema.gen';
import type { Color } from '../types';
import type { OutlineActions } from './deeds';
import type { LinkRow, Row } from './rows';
import type { OutlineState } from './use-outline';

interface Props {
  document: OpenDocument;
  outline: OutlineState;
  actions: OutlineActions;
  row: Row;
  readOnly: boolean;
  name: string;
  button: Ref<HTMLButtonElement>;
  onOpen: (job: string) => void;
  /** What gets the keyboard when the menu closes. */
  finalFocus: () => HTMLElement | null | false;
}

const colorWord = (color: Color) => color.charAt(0).toUpperCase() + color.slice(1);

/** Everything that can be done with a row: the twin of the bar over a selection on the canvas. */
export function RowMenu(props: Props) {
  const { row, name, button, finalFocus } = props;
  const trigger = (
    <IconButton
      ref={button}
      label={`More about ${name}`}
      title="More"
      small
      tabIndex={-1}
      className={row.link === null ? 'size-8 md:size-7' : 'size-8 md:size-6'}
    >
      <Ellipsis className="size-4" aria-hidden />
    </IconButton>
  );
  return (
    <Menu trigger={trigger} finalFocus={finalFocus}>
      {row.link === null ? <ObjectItems {...props} /> : <LinkItems {...props} />}
    </Menu>
  );
}

function LinkItems({ outline, row, readOnly }: Props) {
  return (
    <>
      <MenuItem icon={<CornerDownRight />} onSelect={() => outline.open(row)}>
        Go to the other end
      </MenuItem>
      {!readOnly && row.link !== null && (
        <MenuItem icon={<ArrowUpRight />} onSelect={() => outline.ask({ what: 'end', id: row.id, link: row.link as LinkRow })}>
          Connect to something else…
        </MenuItem>
      )}
      {!readOnly && (
        <MenuItem icon={<Trash2 />} danger onSelect={() => outline.remove(row)}>
          {row.link?.kind === 'dep' ? 'Remove the dependency' : 'Remove the connector'}
        </MenuItem>
      )}
    </>
  );
}

function ObjectItems({ document, outline, actions, row, readOnly, onOpen }: Props) {
  const { deeds } = outline;
  const ids = outline.targets(row);
  const views = ids.flatMap((id) => document.objects.get(id) ?? []);
  const view = document.objects.get(row.id);
  if (view === undefined) {
    return null;
  }
  const ideas = views.filter(({ type }) => type === 'idea').map(({ id }) => id);
  const notes = views.filter(({ type }) => type === 'sticky' || type === 'text').map(({ id }) => id);
  const groups = views.filter(({ type }) => type === 'group').map(({ id }) => id);
  const locked = views.every((one) => one.locked);
  const show = actions.showOnCanvas && (
    <MenuItem icon={<Eye />} onSelect={() => actions.showOnCanvas?.(row.id)}>
      Show on the canvas
    </MenuItem>
  );
  const { job } = view;
  const openJob = job !== null && (
    <MenuItem icon={<BriefcaseBusiness />} onSelect={() => onOpen(job)}>
      Open the job
    </MenuItem>
  );
  if (readOnly) {
    return (
      <>
        {openJob}
        {show}
      </>
    );
  }
  return (
    <>
      {openJob}
      {job === null && view.type !== 'image' && (
        <MenuItem icon={<Pencil />} disabled={view.locked} onSelect={() => outline.edit(row.id)}>
          {view.type === 'group' ? 'Rename' : 'Edit the text'}
        </MenuItem>
      )}
      {actions.promote && ideas.length > 0 && (
        <MenuItem icon={<BriefcaseBusiness />} onSelect={() => actions.promote?.(ideas)}>
          {ideas.length === 1 ? 'Make a job of it…' : `Make ${ideas.length} jobs…`}
        </MenuItem>
      )}
      {notes.length > 0 && (
        <MenuItem icon={<Lightbulb />} onSelect={() => deeds.retype(notes, 'idea')}>
          {notes.length === 1 ? 'Make it an idea' : 'Make them ideas'}
        </MenuItem>
      )}
      {ideas.length > 0 && (
        <MenuItem icon={<StickyNote />} onSelect={() => deeds.retype(ideas, 'sticky')}>
          {ideas.length === 1 ? 'Make it a note' : 'Make them notes'}
        </MenuItem>
      )}
      {show}
      <MenuLine />
      <SubMenu icon={<Palette />} label="Colour">
        {schema.colors.map((color) => (
          <MenuItem key={color} checked={view.color === color} icon={<Dot color={color} />} onSelect={() => deeds.color(ids, color)}>
            {colorWord(color)}
          </MenuItem>
        ))}
      </SubMenu>
      <MenuItem icon={<FolderInput />} onSelect={() => outline.ask({ what: 'move', ids })}>
        Move to…
      </MenuItem>
      <MenuItem icon={<ArrowUpRight />} onSelect={() => outline.ask({ what: 'connect', id: row.id })}>
        Connect to…
      </MenuItem>
      <MenuItem icon={<Copy />} onSelect={() => outline.duplicate(row)}>
        Duplicate
      </MenuItem>
      <MenuItem icon={<Frame />} onSelect={() => outline.group(row)}>
        Put into a group
      </MenuItem>
      {groups.length > 0 && (
        <MenuItem icon={<Ungroup />} onSelect={() => deeds.ungroup(groups)}>
          Ungroup
        </MenuItem>
      )}
      <MenuItem icon={locked ? <LockOpen /> : <Lock />} onSelect={() => deeds.lock(ids, !locked)}>
        {locked ? 'Unlock' : 'Lock'}
      </MenuItem>
      <MenuLine />
      <MenuItem icon={<Trash2 />} danger onSelect={() => outline.remove(row)}>
        {ids.length > 1 ? `Delete ${ids.length} objects` : groups.length === 1 && row.opens ? 'Delete, keep what is inside' : 'Delete'}
      </MenuItem>
      {groups.length > 0 && row.opens && (
        <MenuItem icon={<Trash2 />} danger onSelect={() => outline.remove(row, true)}>
          Delete with everything inside
        </MenuItem>
      )}
    </>
  );
}

const Dot = ({ color }: { color: Color }) => (
  <span
    className="block size-4 rounded-full border"
    style={{ background: `var(--cv-${color})`, borderColor: `var(--cv-${color}-edge)` }}
    aria-hidden
  />
);
