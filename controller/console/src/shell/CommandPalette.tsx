import { useQueryClient } from '@tanstack/react-query';
import { Boxes, CornerDownRight, Rocket, Server } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Autocomplete, Dialog, Input, Menu, MenuItem, Modal, ModalOverlay, SearchField, useFilter } from 'react-aria-components';
import { useNavigate } from 'react-router';
import { deployments, models, nodes } from '../api/queries';
import { useMay } from '../api/session';
import { pages } from '../pages';

interface Command { id: string; title: string; hint: string; icon: ReactNode; named?: boolean }

/** As many as fit without scrolling; whoever looks for more types more. */
const SHOWN_MAX = 13;

export function CommandPalette({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <ModalOverlay className="dialog-shade" isOpen={isOpen} isDismissable onOpenChange={(open) => { if (!open) onClose(); }}>
      <Modal className="dialog palette">
        <Dialog className="palette-body" aria-label="Search or run a command"><Palette onClose={onClose} /></Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Palette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const { contains } = useFilter({ sensitivity: 'base' });
  const [text, setText] = useState('');
  // The fleet's own names would bury the commands: they come once something was typed.
  const commands = useCommands().filter((command) => (text ? contains(command.title, text) : !command.named)).slice(0, SHOWN_MAX);
  const run = (to: string) => {
    onClose();
    void navigate(to);
  };
  return (
    <Autocomplete inputValue={text} onInputChange={setText}>
      <SearchField className="palette-search" aria-label="Search or run a command" autoFocus>
        <Input className="palette-input" placeholder="A page, a node, a model, or what to do" />
      </SearchField>
      <Menu className="list palette-list" aria-label="Commands" items={commands} onAction={(id) => run(String(id))} renderEmptyState={() => <p className="palette-none">Nothing of that name</p>}>
        {(command) => (
          <MenuItem id={command.id} textValue={command.title} className="list-item">
            <span className="row wrap">{command.icon}{command.title}</span><span className="soft small">{command.hint}</span>
          </MenuItem>
        )}
      </Menu>
    </Autocomplete>
  );
}

/** Pages, what can be done on them, and whatever of the fleet was read already. */
function useCommands(): Command[] {
  const may = useMay();
  const queries = useQueryClient();
  const allowed = pages.filter((page) => may(page.action));
  const found = (names: readonly { name: string }[] | undefined, path: string, hint: string, icon: ReactNode) =>
    (names ?? []).map(({ name }): Command => ({ id: `${path}/${encodeURIComponent(name)}`, title: name, hint, icon, named: true }));
  return [
    ...allowed.map(({ path, title, key, icon: Icon }): Command => ({ id: path, title, hint: `g ${key}`, icon: <Icon aria-hidden="true" /> })),
    ...allowed.flatMap((page) => page.commands ?? []).filter((command) => may(command.action))
      .map(({ title, to }): Command => ({ id: to, title, hint: '', icon: <CornerDownRight aria-hidden="true" /> })),
    ...found(queries.getQueryData(nodes.queryKey), '/nodes', 'Node', <Server aria-hidden="true" />),
    ...found(queries.getQueryData(deployments.queryKey), '/deployments', 'Deployment', <Rocket aria-hidden="true" />),
    ...found(queries.getQueryData(models.queryKey), '/models', 'Model', <Boxes aria-hidden="true" />),
  ];
}
